import { Fault } from '@fleetgate/model';
import type { Call } from '@fleetgate/provider-spec';
import type { CallClass } from './classes.ts';
import { setDeadline } from './deadlines.ts';
import type { BreakerState } from './observer.ts';

export interface NewCall {
  requestId: string;
  /** W3C trace context of whoever calls us; anything that is not one starts a new trace */
  traceparent?: string | undefined;
  signal: AbortSignal;
  /** a number in [0, 1) */
  random: () => number;
  /** true: no caller waits for it (a sync), so that it gives way to those that do */
  background?: boolean;
  /** when its caller stops waiting, in milliseconds since the epoch; the signal is then this call's own */
  deadlineAt?: number | undefined;
}

export function newCall(options: NewCall): Call {
  const { requestId, traceparent, signal, random, background = false, deadlineAt } = options;
  if (deadlineAt !== undefined) setDeadline(signal, deadlineAt);
  const known = traceparent !== undefined && readTraceparent(traceparent) !== undefined;
  const call = { requestId, traceparent: known ? traceparent : newTraceparent(random), signal };
  return background ? withContext(call, { operation: 'none', class: 'sync', traffic: noTraffic() }) : call;
}

/** A new trace, marked as recorded: every call has its story in the request log. */
export function newTraceparent(random: () => number): string {
  return `00-${hex(32, random)}-${hex(16, random)}-01`;
}

/** The same trace seen from one attempt: the caller's trace id, a parent id of its own. */
export function childTraceparent(traceparent: string, random: () => number): string {
  const parent = readTraceparent(traceparent);
  return parent ? childOf(parent, random) : newTraceparent(random);
}

/** `childTraceparent` of one that was read already. */
export function childOf({ traceId, flags }: TraceParts, random: () => number): string {
  return `00-${traceId}-${hex(16, random)}-${flags}`;
}

/** What goes on from one to the next. */
export interface TraceParts {
  readonly traceId: string;
  readonly flags: string;
}

/** bits of the flags that we know: sampled (1), random trace id (2); others are sent as zero, as the standard asks */
const knownFlags = 0b11;

const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export function readTraceparent(text: string): TraceParts | undefined {
  const [, version, traceId, parentId, flags, more] = traceparentForm.exec(text) ?? [];
  if (!traceId || !parentId || !flags || version === 'ff' || (version === '00' && more)) return undefined;
  if (isZero(traceId) || isZero(parentId)) return undefined;
  if (version === '00' && (flags === '00' || flags === '01')) return { traceId, flags }; // as ours are
  return { traceId, flags: `0${(Number.parseInt(flags, 16) & knownFlags).toString(16)}` };
}

/** So many characters, by eights, of random digits; never all zeros, which the standard forbids. */
function hex(length: number, random: () => number): string {
  let text = '';
  while (text.length < length) {
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  }
  return isZero(text) ? `${text.slice(0, -1)}1` : text;
}

function isZero(text: string): boolean {
  return text.startsWith('0') && /^0+$/.test(text);
}

/**
 * Why a call ended, as a fault: the signal's own reason where that is a `Fault`; `timeout` for the reason that
 * `AbortSignal.timeout` gives; `unavailable` for everything else, that is a caller who went away.
 */
export function faultOfSignal(signal: AbortSignal): Fault {
  const reason: unknown = signal.reason;
  if (reason instanceof Fault) return reason;
  const timedOut =
    typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError';
  return timedOut
    ? new Fault('timeout', 'the call ran out of time', { cause: reason })
    : new Fault('unavailable', 'the caller gave up', { cause: reason });
}

/** Whether the caller has gone away, for any other reason than that its time is over. */
export function hasLeft(signal: AbortSignal): boolean {
  return signal.aborted && faultOfSignal(signal).code !== 'timeout';
}

/** Settles as `work` does, or rejects with the signal's fault as soon as that is aborted; `work` itself goes on. */
export function untilEnded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(faultOfSignal(signal));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}

/** What went out to the upstream for a call, and what came of it. */
export interface Traffic {
  sent: number;
  answered: number;
  /** of the answers: those that are no 5xx */
  well: number;
}

export const noTraffic = (): Traffic => ({ sent: 0, answered: 0, well: 0 });

/** What the runtime itself knows of a call. */
export interface CallContext {
  /** `clusters.list` */
  readonly operation: string;
  readonly class: CallClass;
  /** how the circuit stood when the call was let through, or refused */
  breaker?: BreakerState;
  readonly traffic: Traffic;
  /** when the caller stops waiting, where it said so */
  readonly deadlineAt?: number | undefined;
  /** request id of the call whose upstream requests answered this one too */
  leader?: string;
}

const context = Symbol('call context');

/** A call with the runtime's knowledge on it; it survives a provider's `{ ...call, signal }`. */
interface KnownCall extends Call {
  readonly [context]?: CallContext;
}

export function withContext(call: Call, known: CallContext): Call {
  const result: KnownCall = { ...call, [context]: known };
  return result;
}

export function contextOf(call: KnownCall): CallContext | undefined {
  return call[context];
}
