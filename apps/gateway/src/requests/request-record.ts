import { Instant } from '@fleetgate/model';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { deliveryStates } from '../webhooks/delivery.ts';
import type { Story } from './story.ts';

/** The line of a request in the log of requests. */
export const RequestRecord = z
  .object({
    id: z.string(),
    at: Instant.describe('when it came in'),
    principal: z.object({ id: z.string(), kind: z.string(), name: z.string() }).nullable(),
    team: z.string().nullable().describe('id of the team that it was counted for'),
    method: z.string(),
    route: z.string().nullable().describe('as it is registered; null: there is none'),
    path: z.string(),
    status: z.number().int().nullable().describe('null: not answered yet, or the caller went away first'),
    duration_ms: z.number(),
    answered_from: z
      .enum(['live', 'inventory', 'gateway'])
      .describe('live: a platform was asked; inventory: our copy; gateway: what is ours alone'),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    connections: z.array(z.string()).describe('those that were called for it'),
    trace_id: z.string(),
  })
  .meta({ id: 'RequestRecord' });
export type RequestRecord = z.infer<typeof RequestRecord>;

const Timed = { at_ms: z.number().describe('since the request came in'), duration_ms: z.number() };

export const StoryDetail = z.object({
  steps: z.array(z.object({ name: z.string(), ...Timed })).describe('what we did ourselves'),
  operations: z.array(
    z.object({
      connection: z.string(),
      operation: z.string(),
      ...Timed,
      outcome: z.string().describe('ok, or the code of the fault'),
      joined: z.boolean().describe('it waited for an equal call of another request'),
      breaker: z.string().nullable().describe('how the circuit stood'),
    }),
  ),
  attempts: z
    .array(
      z.object({
        connection: z.string(),
        operation: z.string().nullable().describe('null: a call for the session'),
        ...Timed,
        attempt: z.number().int(),
        cause: z.enum(['first', 'retry', 'hedge']),
        method: z.string(),
        path: z.string().describe("of the upstream's own API"),
        status: z.number().int().nullable(),
        outcome: z
          .string()
          .describe('ok, the code of the fault, or outrun: another for the same was answered first'),
        bytes: z.number().int().nullable(),
        waited_ms: z.number().describe('for its turn within the limits'),
        breaker: z.string().nullable(),
        upstream_request_id: z.string().nullable(),
      }),
    )
    .describe('every request that went out'),
  joined: z.number().int().describe('how often it waited for the upstream call of another request'),
  more: z.number().int().describe('operations and attempts that were too many to keep'),
});
export type StoryDetail = z.infer<typeof StoryDetail>;

/** Everything that is known of one request. */
export const RequestStory = RequestRecord.extend({
  ...StoryDetail.shape,
  writes: z.array(z.object({ id: z.string(), state: z.string() })).describe('operations that it started'),
  events: z
    .array(z.object({ id: z.string(), type: z.string(), sequence: z.number().int(), at: Instant }))
    .describe('what it caused, as far as the caller may hear of it'),
  deliveries: z
    .array(
      z.object({
        id: z.string(),
        webhook: z.string(),
        event: z.string().describe('id of the event'),
        state: z.enum(deliveryStates),
        attempts: z.number().int().describe('made so far'),
        status: z.number().int().nullable().describe('of the latest answer; null: none came'),
        finished_at: Instant.nullable(),
      }),
    )
    .describe('what was sent of these events to webhooks that the caller may see'),
}).meta({ id: 'RequestStory' });
export type RequestStory = z.infer<typeof RequestStory>;

const resources = /^\/v1\/(projects|deployments|releases|clusters|cluster-groups)(\/|$)/;

/** What is written down of a request itself. */
export interface Recorded extends Pick<FastifyRequest, 'id' | 'method' | 'url' | 'principal'> {
  /** as it is registered; null: there is none */
  readonly route: string | null;
}

export function recordedOf(request: FastifyRequest): Recorded {
  const { id, method, url, principal, is404, routeOptions } = request;
  return { id, method, url, principal, route: is404 ? null : (routeOptions.url ?? null) };
}

/** The line of a request as it stands now. `clean` takes secrets out of what callers and upstreams wrote. */
export function recordOf(
  story: Story,
  request: Recorded,
  clean: (text: string) => string,
  status: number | null = null,
): RequestRecord {
  const { principal, method, route } = request;
  const [path = ''] = request.url.split('?', 1);
  return {
    id: request.id,
    at: new Date(story.startedAt).toISOString(),
    principal: principal && { id: principal.id, kind: principal.kind, name: clean(principal.name) },
    team: principal?.team?.id ?? null,
    method,
    route,
    path: clean(path).slice(0, 1000),
    status,
    duration_ms: rounded(story.ms),
    answered_from: answeredFrom(story, route, method),
    error: story.failure && {
      code: story.failure.code,
      message: clean(story.failure.message).slice(0, 1000),
    },
    connections: [...new Set([...story.operations, ...story.attempts].map(({ connection }) => connection))],
    trace_id: story.trace.traceId,
  };
}

function answeredFrom(
  { operations, attempts, joined, failure }: Story,
  route: string | null,
  method: string,
) {
  const wentWell = operations.some(({ fault }) => fault === undefined);
  const called = operations.length + attempts.length + joined > 0;
  const isRead = method === 'GET' && route !== null && resources.test(route);
  if (called && (wentWell || joined > 0 || failure !== null || !isRead)) return 'live';
  return isRead && failure === null ? 'inventory' : 'gateway';
}

export function detailOf(story: Story, clean: (text: string) => string): StoryDetail {
  const timed = ({ startedAt, ms }: { startedAt: number; ms: number }) => ({
    at_ms: Math.max(0, startedAt - story.startedAt),
    duration_ms: rounded(ms),
  });
  return {
    steps: story.steps.map((step) => ({ name: step.name, ...timed(step) })),
    operations: story.operations.map((event) => ({
      connection: event.connection,
      operation: event.operation,
      ...timed(event),
      outcome: event.fault ?? 'ok',
      joined: event.coalesced,
      breaker: event.breaker ?? null,
    })),
    attempts: story.attempts.map((event) => ({
      connection: event.connection,
      operation: event.operation ?? null,
      ...timed(event),
      attempt: event.attempt,
      cause: event.again ?? 'first',
      method: event.method,
      path: clean(URL.parse(event.url)?.pathname ?? ''),
      status: event.status ?? null,
      outcome: event.outrun ? 'outrun' : (event.fault ?? 'ok'),
      bytes: event.bytes ?? null,
      waited_ms: rounded(event.waitedMs),
      breaker: event.breaker ?? null,
      upstream_request_id: event.upstreamRequestId === undefined ? null : clean(event.upstreamRequestId),
    })),
    joined: story.joined,
    more: story.more,
  };
}

/** To hundredths of a millisecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
