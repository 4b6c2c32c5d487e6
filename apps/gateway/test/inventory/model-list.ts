import { type AnyRecord, type DeploymentRecord, encodeId, type Kind } from '@fleetgate/model';
import type { ListQuery } from '../../src/inventory/inventory.ts';

export interface Entry {
  readonly id: string;
  readonly connection: string;
  readonly team: string | null;
  readonly record: AnyRecord;
}

export function entryOf(connection: string, team: string | null, kind: Kind, record: AnyRecord): Entry {
  const told = 'team' in record ? record.team?.id : undefined;
  return { id: encodeId(kind, connection, record.key), connection, team: told ?? team, record };
}

/** What a list has to hold, all of it and in order, by the plainest means. */
export function listOf(kind: Kind, entries: readonly Entry[], query: ListQuery): Entry[] {
  const { connections, status, team, parent, target, labels, q, updatedSince, sort } = query;
  const tests: ((entry: Entry) => boolean)[] = [
    ({ connection }) => !connections || connections.includes(connection),
    ({ record }) => status === undefined || ('status' in record && record.status === status),
    (entry) => team === undefined || entry.team === team,
    (entry) => parent === undefined || parentOf(kind, entry) === parent,
    (entry) => target === undefined || targetOf(entry) === target,
    ({ record }) =>
      labels.every(({ key, value }) =>
        Object.entries(record.labels).some(([k, v]) => `${k}:${v}` === `${key}:${value}`),
      ),
    ({ record }) => !q || record.name.toLowerCase().includes(q.toLowerCase()),
    ({ record }) =>
      updatedSince === undefined ||
      (record.updated_at !== null && Date.parse(record.updated_at) >= Date.parse(updatedSince)),
  ];
  const found = entries.filter((entry) => tests.every((test) => test(entry)));
  const sign = sort.descending ? -1 : 1;
  return found.toSorted((a, b) => {
    const order = Buffer.compare(sortKey(a, sort.field), sortKey(b, sort.field));
    return sign * (order || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  });
}

function sortKey({ record }: Entry, field: ListQuery['sort']['field']): Buffer {
  if (field === 'name') return Buffer.from(record.name.toLowerCase());
  return Buffer.from(record[field] ?? '');
}

function parentOf(kind: Kind, { connection, record }: Entry): string | undefined {
  if (kind === 'release' && 'deployment_key' in record)
    return encodeId('deployment', connection, record.deployment_key);
  if ('project_key' in record && record.project_key)
    return encodeId('project', connection, record.project_key);
  return undefined;
}

function targetOf({ connection, record }: Entry): string | undefined {
  const { target } = record as DeploymentRecord;
  return target?.key ? encodeId(target.kind, connection, target.key) : undefined;
}
