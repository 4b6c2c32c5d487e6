import type { Kind } from '@fleetgate/model';

const rollouts = ['created', 'started', 'completed', 'failed', 'cancelled', 'updated', 'deleted'] as const;
const things = ['created', 'updated', 'deleted'] as const;

const of = <Subject extends string, Word extends string>(subject: Subject, words: readonly Word[]) =>
  words.map((word) => `${subject}.${word}` as const);

/** Every type of event. The list only ever grows. */
export const eventTypes = [
  ...of('project', things),
  ...of('deployment', rollouts),
  ...of('release', rollouts),
  ...of('cluster', [...things, 'degraded', 'recovered', 'unreachable']),
  ...of('cluster_group', things),
  ...of('connection', ['synced', 'failing', 'recovered']),
  ...of('team', ['member_added', 'member_removed']),
  ...of('webhook', ['disabled', 'test']),
] as const;
export type EventType = (typeof eventTypes)[number];

/** What the outbox says of one change. */
export interface Change {
  readonly kind: Kind | 'connection' | 'team' | 'webhook';
  readonly change: string;
  readonly status: string | null;
  readonly previous: string | null;
}

export interface Named {
  readonly type: EventType;
  /** true: nobody saw it, but it must have happened */
  readonly inferred?: true;
}

/**
 * The events that a change stands for, in the order in which they happened. A status that passed between two looks is told
 * where it is certain: what has succeeded was started before.
 */
export function eventsOf({ kind, change, status, previous }: Change): readonly Named[] {
  if (kind === 'deployment' || kind === 'release') return rolloutEvents(kind, change, status, previous);
  if (kind === 'cluster' && change === 'updated' && status !== previous) {
    return [{ type: `cluster.${clusterWord(status, previous)}` }];
  }
  return [{ type: `${kind}.${change}` as EventType }];
}

function rolloutEvents(
  kind: 'deployment' | 'release',
  change: string,
  status: string | null,
  previous: string | null,
): readonly Named[] {
  const named = (word: (typeof rollouts)[number], inferred = false): Named => ({
    type: `${kind}.${word}`,
    ...(inferred ? { inferred: true } : {}),
  });
  if (change === 'deleted') return [named('deleted')];
  const first = change === 'created' ? [named('created')] : [];
  if (change === 'updated' && status === previous) return [named('updated')];
  switch (status) {
    case 'running':
      return [...first, named('started')];
    case 'success':
      return [...first, ...(previous === 'running' ? [] : [named('started', true)]), named('completed')];
    case 'failed':
    case 'cancelled':
      return [...first, named(status)];
    default:
      return change === 'created' ? first : [named('updated')];
  }
}

const ill: ReadonlySet<string | null> = new Set(['degraded', 'unreachable', 'error']);

function clusterWord(status: string | null, previous: string | null) {
  if (status === 'unreachable') return 'unreachable' as const;
  if (status === 'degraded' || status === 'error') return 'degraded' as const;
  return status === 'healthy' && ill.has(previous) ? ('recovered' as const) : ('updated' as const);
}

/** Whether a list of types, some with a wildcard (`deployment.*`, `*`), names that type. */
export function namesType(patterns: readonly string[], type: string): boolean {
  return patterns.some(
    (pattern) =>
      pattern === '*' ||
      pattern === type ||
      (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  );
}
