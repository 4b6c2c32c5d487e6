import { isRecord } from '../core/population.ts';
import { toolkitFailure } from './errors.ts';

/** What a client says of an object; everything else in it is the server's own. */
export interface Desired {
  readonly name: string;
  readonly namespace?: string;
  readonly cluster: string;
  readonly application?: string;
  readonly version?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  /** the version of the object that the client has seen; absent: it does not care */
  readonly resourceVersion?: string;
}

const texts = ['name', 'namespace', 'cluster', 'application', 'version', 'resourceVersion'] as const;
/** taken, and ignored: a client may send back what it has read */
const ours = ['phase', 'message', 'createdAt', 'updatedAt', 'completedAt'];
const known: readonly string[] = [...texts, 'labels', 'replicas', ...ours];

/** Throws the documented 400, which has no place for fields but its message: the first wrong one is named there. */
export function readDesired(body: unknown): Desired {
  if (!isRecord(body)) throw toolkitFailure(400, 'the body must be a JSON object');
  const unknown = Object.keys(body).find((field) => !known.includes(field));
  if (unknown !== undefined) throw toolkitFailure(400, `unknown field "${unknown}"`);
  const given: Record<string, string> = {};
  for (const field of texts) {
    const value = body[field];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '') throw toolkitFailure(400, `${field}: must be a text`);
    given[field] = value;
  }
  const { name, cluster, ...others } = given;
  if (!name || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
    throw toolkitFailure(400, 'name: must be 1 to 253 lower-case letters, digits, dots or hyphens');
  }
  if (!cluster) throw toolkitFailure(400, 'cluster: is required');
  return {
    name,
    cluster,
    ...others,
    labels: labelsIn(body['labels']),
    replicas: desiredIn(body['replicas']),
  };
}

function labelsIn(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const good = isRecord(value) && Object.values(value).every((label) => typeof label === 'string');
  if (!good) throw toolkitFailure(400, 'labels: must be texts by name');
  return value as Record<string, string>;
}

function desiredIn(value: unknown): number {
  if (value === undefined) return 1;
  const desired = isRecord(value) ? value['desired'] : undefined;
  if (!Number.isSafeInteger(desired) || (desired as number) < 0) {
    throw toolkitFailure(400, 'replicas.desired: must be a whole number');
  }
  return desired as number;
}
