import { type Change, eventsOf, eventTypes, namesType } from '../../src/events/event-types.ts';

const told = (kind: Change['kind'], change: string, status: string | null, previous: string | null) =>
  eventsOf({ kind, change, status, previous }).map(({ type, inferred }) => (inferred ? `${type}?` : type));

describe('what a change of a deployment stands for', () => {
  it.each([
    ['created', 'queued', null, ['deployment.created']],
    ['created', 'running', null, ['deployment.created', 'deployment.started']],
    ['created', 'success', null, ['deployment.created', 'deployment.started?', 'deployment.completed']],
    ['created', 'failed', null, ['deployment.created', 'deployment.failed']],
    ['created', 'unknown', null, ['deployment.created']],
    ['updated', 'running', 'queued', ['deployment.started']],
    ['updated', 'success', 'running', ['deployment.completed']],
    ['updated', 'success', 'queued', ['deployment.started?', 'deployment.completed']],
    ['updated', 'failed', 'queued', ['deployment.failed']], // it may have failed before it was started
    ['updated', 'cancelled', 'running', ['deployment.cancelled']],
    ['updated', 'queued', 'success', ['deployment.updated']],
    ['updated', 'success', 'success', ['deployment.updated']],
    ['updated', 'removed', 'success', ['deployment.updated']],
    ['deleted', null, 'running', ['deployment.deleted']],
  ])('%s %s after %s', (change, status, previous, events) => {
    expect(told('deployment', change, status, previous)).toEqual(events);
  });
});

describe('what a change of a cluster stands for', () => {
  it.each([
    ['created', 'degraded', null, 'cluster.created'],
    ['updated', 'degraded', 'healthy', 'cluster.degraded'],
    ['updated', 'error', 'healthy', 'cluster.degraded'],
    ['updated', 'unreachable', 'degraded', 'cluster.unreachable'],
    ['updated', 'healthy', 'unreachable', 'cluster.recovered'],
    ['updated', 'healthy', 'error', 'cluster.recovered'],
    ['updated', 'healthy', 'provisioning', 'cluster.updated'],
    ['updated', 'healthy', 'healthy', 'cluster.updated'],
    ['deleted', null, 'healthy', 'cluster.deleted'],
  ])('%s %s after %s is %s', (change, status, previous, event) => {
    expect(told('cluster', change, status, previous)).toEqual([event]);
  });
});

it('names only types that are in the list', () => {
  for (const kind of ['project', 'cluster_group'] as const) {
    for (const change of ['created', 'updated', 'deleted']) {
      expect(eventTypes).toContain(told(kind, change, null, null)[0]);
    }
  }
});

it.each([
  ['*', 'cluster.degraded', true],
  ['cluster.*', 'cluster.degraded', true],
  ['cluster.*', 'cluster_group.created', false],
  ['cluster.degraded', 'cluster.degraded', true],
  ['cluster.degrade', 'cluster.degraded', false],
  ['cluster*', 'cluster.degraded', false],
])('%s names %s: %s', (pattern, type, named) => {
  expect(namesType([pattern], type)).toBe(named);
});
