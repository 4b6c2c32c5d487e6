import { hash as digest } from 'node:crypto';
import {
  type AnyRecord,
  type ClusterGroupRecord,
  type ClusterRecord,
  type DeploymentRecord,
  encodeId,
  Fault,
  type Key,
  type Kind,
  type ProjectRecord,
  type ReleaseRecord,
  recordSchemas,
  volatileFields,
} from '@fleetgate/model';
import type { Connection } from '../connections/connection.ts';
import { labelToken } from './labels.ts';
import { cleanJson, cleanText, sortName } from './text.ts';

/** One resource as the store keeps it. */
export interface Row {
  readonly id: string;
  readonly nameSort: string;
  readonly status: string | null;
  readonly team: string | null;
  readonly parentId: string | null;
  readonly targetId: string | null;
  readonly labels: readonly string[];
  /** ISO 8601, or -infinity where it is not known */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** of everything here, in the form of a uuid */
  readonly hash: string;
  /** the same without `native` and the fields that move by themselves */
  readonly factsHash: string;
  /** JSON texts */
  readonly body: string;
  readonly latest: string | null;
  readonly native: string;
}

/** Longest id that every index can hold together with what it is sorted by, in bytes. */
const maxIdLength = 1200;

/**
 * The row of what a provider told. Rejects with `unexpected`, naming the field, what does not fit the model: it would
 * otherwise be served to callers who were promised the model.
 */
export function rowOf(connection: Connection, kind: Kind, record: AnyRecord): Row {
  const checked = recordSchemas[kind].safeParse(record);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw misfit(kind, issue?.path.join('.') || 'record', issue?.message ?? 'does not fit');
  }
  const ids = new Ids(connection.slug, kind);
  const id = ids.of(kind, record.key, 'key');
  const { facts, status, team, parentId, targetId, latest } = parts(connection, kind, record, ids);
  const createdAt = instant(kind, 'created_at', record.created_at);
  const updatedAt = instant(kind, 'updated_at', record.updated_at);
  const labels = Object.entries(record.labels).sort(([a], [b]) => (a < b ? -1 : 1));

  const lasting = cleanJson({
    id,
    name: record.name,
    labels: Object.fromEntries(labels),
    connection: { id: connection.slug, provider: connection.definition.id },
    ...(status === null ? {} : { status }),
    native_status: record.native_status,
    created_at: record.created_at,
    updated_at: record.updated_at,
    ...facts,
  });
  const fleeting = volatileOf(record);
  const body = fleeting === undefined ? lasting : `${lasting.slice(0, -1)},${fleeting.slice(1)}`;
  const native = cleanJson(record.native);
  return {
    id,
    nameSort: sortName(record.name),
    status,
    team,
    parentId,
    targetId,
    labels: [...new Set(labels.map(([key, value]) => labelToken(key, value)))],
    createdAt,
    updatedAt,
    hash: hashOf(`${body}\n${native}\n${latest}\n${team}`),
    factsHash: hashOf(`${lasting}\n${latest}\n${team}`),
    body,
    latest,
    native,
  };
}

/** Names what of a provider's record is not as the model has it. */
export function misfit(kind: Kind, field: string, reason: string): Fault {
  return new Fault('unexpected', `a ${kind} record does not fit: ${field}: ${reason}`, { field });
}

interface Parts {
  /** members of the body that this kind has beside the common ones */
  facts: object;
  status: string | null;
  team: string | null;
  parentId: string | null;
  targetId: string | null;
  latest: string | null;
}

function parts(connection: Connection, kind: Kind, record: AnyRecord, ids: Ids): Parts {
  const none = { team: connection.team, parentId: null, targetId: null, latest: null };
  switch (kind) {
    case 'project': {
      const { status, description, team: told } = record as ProjectRecord;
      const team = told ?? (connection.team === null ? null : { id: connection.team, name: null });
      const facts = { description, team };
      return { ...none, status, facts, team: team === null ? null : cleanText(team.id) };
    }
    case 'cluster': {
      const {
        status,
        project_key,
        kind: kindOfCluster,
        version,
        location,
        node_count,
        capacity,
      } = record as ClusterRecord;
      const parentId = ids.maybe('project', project_key, 'project_key');
      const facts = { project_id: parentId, kind: kindOfCluster, version, location, node_count, capacity };
      return { ...none, status, facts, parentId };
    }
    case 'cluster_group': {
      const { description, cluster_keys } = record as ClusterGroupRecord;
      const cluster_ids = cluster_keys?.map((key) => ids.of('cluster', key, 'cluster_keys')) ?? null;
      return { ...none, status: null, facts: { description, cluster_ids } };
    }
    case 'deployment': {
      const {
        status,
        project_key,
        target: told,
        version,
        url,
        completed_at,
        latest_release,
      } = record as DeploymentRecord;
      const parentId = ids.maybe('project', project_key, 'project_key');
      const targetId = told ? ids.maybe(told.kind, told.key, 'target.key') : null;
      const target = told && { kind: told.kind, id: targetId, name: told.name };
      const latest = latest_release && {
        id: ids.of('release', latest_release.key, 'latest_release.key'),
        status: latest_release.status,
        created_at: latest_release.created_at,
      };
      const facts = { project_id: parentId, target, version, url, completed_at };
      return { ...none, status, facts, parentId, targetId, latest: latest && cleanJson(latest) };
    }
    case 'release': {
      const { status, deployment_key, version, completed_at } = record as ReleaseRecord;
      const parentId = ids.of('deployment', deployment_key, 'deployment_key');
      return { ...none, status, facts: { deployment_id: parentId, version, completed_at }, parentId };
    }
  }
}

class Ids {
  constructor(
    private readonly connection: string,
    private readonly about: Kind,
  ) {}

  of(kind: Kind, key: Key, field: string): string {
    const id = encodeId(kind, this.connection, key);
    if (id.length > maxIdLength) throw misfit(this.about, field, 'too long');
    return id;
  }

  maybe(kind: Kind, key: Key | null, field: string): string | null {
    return key === null ? null : this.of(kind, key, field);
  }
}

/** JSON of the members that move by themselves; they come last in a body, so that the rest is hashed without them. */
function volatileOf(record: AnyRecord): string | undefined {
  const fleeting = volatileFields.filter((field) => field in record);
  if (fleeting.length === 0) return undefined;
  return cleanJson(Object.fromEntries(fleeting.map((field) => [field, record[field as keyof AnyRecord]])));
}

/** The year 0, which an upstream may use for "no time", is none that the database knows. */
const beginning = Date.parse('0001-01-01T00:00:00.000Z');

function instant(kind: Kind, field: string, text: string | null): string {
  if (text === null) return '-infinity';
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw misfit(kind, field, 'is no moment in time');
  return at < beginning ? '-infinity' : new Date(at).toISOString();
}

/** 128 bits, written as the database writes a uuid. */
function hashOf(text: string): string {
  const hex = digest('sha256', text, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
