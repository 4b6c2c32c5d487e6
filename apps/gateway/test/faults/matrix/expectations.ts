import type { ErrorCode } from '@fleetgate/model';
import type { Fault, FaultRule, UpstreamName } from '@fleetgate/sandbox';

/** What one kind of call comes to: the code of its error, or `ok`. Several: each is right, and the table says which it was. */
export type Outcome = ErrorCode | 'ok';

/** The kinds of calls, as the columns of the table are named. */
export const kindsOfCalls = ['list', 'known', 'new', 'write', 'lost', 'sync'] as const;
export type KindOfCall = (typeof kindsOfCalls)[number];

/** Where the fault is made: at the address that the connection has, or by the upstream. */
export type Origin =
  | { readonly address: 'refused' | 'unresolved' | 'not_tls' }
  | { readonly rule: FaultRule }
  /** every session is over before each call; who has a key in place of a session is refused from the second request on */
  | { readonly expires: true };

export interface FaultRow {
  readonly name: string;
  readonly origin: Origin;
  /** `X-Request-Timeout` of every call, in milliseconds */
  readonly deadlineMs: number;
  /** `timeoutMs` of the connection: the bound on one request */
  readonly attemptMs: number;
  /**
   * code: what a read without a copy answers, what a stale answer and `sources` give as their reason, and what a sync fails with.
   * `write`: everything is as sick. `lost`: only the request that changes something is, so that what it did can be looked for.
   */
  readonly code: readonly Outcome[];
  readonly write: readonly Outcome[];
  readonly lost: readonly Outcome[];
  /** where a provider is otherwise, and why */
  readonly except?: readonly Exception[];
}

export interface Exception {
  readonly providers: readonly UpstreamName[];
  readonly calls: readonly KindOfCall[];
  readonly outcome: readonly Outcome[];
  readonly why: string;
}

/** Milliseconds. A call that is to fail at once has so much time that a busy machine cannot make a timeout of it. */
const ample = { deadlineMs: 10_000, attemptMs: 9_000 };
const short = { deadlineMs: 1_000, attemptMs: 1_500 };

/** By address nothing but all of it is sick: `lost` is what `write` is. */
const addressed = (name: string, address: 'refused' | 'unresolved' | 'not_tls'): FaultRow => ({
  name,
  origin: { address },
  ...ample,
  code: ['upstream_unavailable'],
  write: ['upstream_unavailable'],
  lost: ['upstream_unavailable'],
});
const ruled = (
  name: string,
  fault: Fault,
  rest: Pick<FaultRow, 'code' | 'write' | 'lost'> &
    Partial<Pick<FaultRow, 'except' | 'deadlineMs' | 'attemptMs'>>,
): FaultRow => ({ name, origin: { rule: { fault } }, ...ample, ...rest });

/** Those that log in, in place of sending a key. */
export const withSessions: readonly UpstreamName[] = ['chimestack', 'palette'];

/** What is promised for each fault (docs/resilience.md), in one place: the suite and `npm run chaos -- faults` hold it against. */
export const faultRows: readonly FaultRow[] = [
  addressed('refused', 'refused'),
  addressed('no such name', 'unresolved'),
  addressed('no TLS', 'not_tls'),
  ruled(
    'hangs before headers',
    { kind: 'hang' },
    { ...short, code: ['upstream_timeout'], write: ['upstream_timeout'], lost: ['upstream_timeout'] },
  ),
  ruled(
    'hangs in the body',
    { kind: 'hang_in_body' },
    { ...short, code: ['upstream_timeout'], write: ['upstream_timeout'], lost: ['ok', 'upstream_timeout'] },
  ),
  ruled(
    'drips',
    { kind: 'slow_drip', ms: 100 },
    { ...short, code: ['upstream_timeout'], write: ['upstream_timeout'], lost: ['ok', 'upstream_timeout'] },
  ),
  ruled(
    'reset',
    { kind: 'reset' },
    {
      code: ['upstream_unavailable'],
      write: ['upstream_unavailable'],
      lost: ['upstream_unavailable'],
    },
  ),
  ruled(
    'half a body',
    { kind: 'half_body' },
    { code: ['upstream_unavailable'], write: ['upstream_unavailable'], lost: ['ok'] },
  ),
  ruled(
    'not JSON',
    { kind: 'not_json' },
    { code: ['upstream_error'], write: ['upstream_error'], lost: ['upstream_error'] },
  ),
  ruled(
    'wrong shape',
    { kind: 'wrong_shape' },
    {
      code: ['upstream_error'],
      write: ['upstream_error'],
      lost: ['ok'],
      except: [
        {
          providers: ['fleet-manager', 'palette'],
          calls: ['known', 'new'],
          outcome: ['ok', 'not_found'],
          why: 'of one resource only lists are of another shape, and those of its members are not read',
        },
      ],
    },
  ),
  ruled(
    'huge body',
    { kind: 'huge', bytes: 17 * 1024 * 1024 },
    { code: ['upstream_error'], write: ['upstream_error'], lost: ['upstream_error'] },
  ),
  ruled(
    '500 to all',
    { kind: 'status', status: 500 },
    { code: ['upstream_error'], write: ['upstream_error'], lost: ['upstream_error'] },
  ),
  ruled(
    '429',
    { kind: 'rate_limited' },
    { code: ['upstream_rate_limited'], write: ['upstream_rate_limited'], lost: ['upstream_rate_limited'] },
  ),
  ruled(
    '429 with Retry-After',
    { kind: 'rate_limited', retryAfterSeconds: 4 },
    {
      deadlineMs: 3_000,
      code: ['upstream_rate_limited'],
      // What is left of the pause may fit into the deadline, and is waited out: too little may be left for the write.
      write: ['upstream_rate_limited', 'upstream_timeout'],
      lost: ['upstream_rate_limited', 'upstream_timeout'],
    },
  ),
  {
    name: 'token expired',
    origin: { expires: true },
    ...ample,
    code: ['upstream_auth_failed'],
    write: ['upstream_auth_failed'],
    lost: ['upstream_auth_failed'],
    except: [
      {
        providers: withSessions,
        calls: ['list', 'known', 'write', 'lost', 'sync'],
        outcome: ['ok'],
        why: 'it logs in again, and goes on where it was',
      },
      {
        providers: withSessions,
        calls: ['new'],
        outcome: ['ok', 'not_found'],
        why: 'the same; and what was added may lie in another zone or project than its id says',
      },
      {
        providers: ['fleet-manager'],
        calls: ['list', 'known', 'new', 'write', 'lost', 'sync'],
        outcome: ['upstream_error', 'ok'],
        why: 'it answers 500 to a key that it does not know, which looks like any failure; a list that was walked before is known',
      },
      {
        providers: ['app-platform', 'kubestellar-toolkit'],
        calls: ['list'],
        outcome: ['upstream_auth_failed', 'ok'],
        why: 'a list that was walked before the token expired is known',
      },
    ],
  },
];

/** What a circuit counts. The kinds of a connection are walked one after the other: it may be open when the last one's turn comes. */
const counted: readonly Outcome[] = ['upstream_timeout', 'upstream_error'];

/** What is right for one cell. A list is always answered in whole, and a known resource from its copy. */
export function expected(row: FaultRow, provider: UpstreamName, call: KindOfCall): readonly Outcome[] {
  const exception = row.except?.find(
    ({ providers, calls }) => providers.includes(provider) && calls.includes(call),
  );
  if (exception) return exception.outcome;
  if (call === 'write' || call === 'lost') return row[call];
  const walked = call === 'sync' || call === 'list';
  return walked && row.code.some((code) => counted.includes(code))
    ? [...row.code, 'upstream_unavailable']
    : row.code;
}
