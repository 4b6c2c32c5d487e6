import { randomFillSync } from 'node:crypto';

/** W3C trace context of a request: the trace that it is part of, and our own place in it. */
export interface TraceContext {
  readonly traceId: string;
  /** of the request as we handle it */
  readonly spanId: string;
  /** of whoever called us; undefined: the trace begins here */
  readonly parentId: string | undefined;
  /** the caller asks for, or the chance of its own choice made, a recording; undefined: nobody has said */
  readonly sampled: boolean | undefined;
}

const form = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The context that a `traceparent` header brings; anything that is not one begins a new trace. */
export function traceContext(header: unknown): TraceContext {
  const spanId = randomHex(8);
  const [, traceId, parentId, flags, more] = (typeof header === 'string' && form.exec(header)) || [];
  const known =
    traceId !== undefined &&
    parentId !== undefined &&
    !/^0+$/.test(traceId) &&
    !/^0+$/.test(parentId) &&
    !(more !== undefined && (header as string).startsWith('00'));
  if (!known) return { traceId: randomHex(16), spanId, parentId: undefined, sampled: undefined };
  return { traceId, spanId, parentId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 };
}

/** As it goes on from here: what we call has us for its parent. */
export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled === false ? '00' : '01'}`;
}

/** Parts of a traceparent of our own making. */
export function partsOf(traceparent: string): { traceId: string; spanId: string } {
  return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
}

const zero = '0'.charCodeAt(0);
const random = Buffer.alloc(4096);
let digits = '';
let next = 0;

/** Bytes as text, never all zeros, which the standard forbids; drawn many at once, since that is what costs. */
export function randomHex(bytes: number): string {
  if (next + 2 * bytes > digits.length) {
    digits = randomFillSync(random).toString('hex');
    next = 0;
  }
  const text = digits.slice(next, next + 2 * bytes);
  next += 2 * bytes;
  return text.charCodeAt(0) === zero && /^0+$/.test(text) ? `${text.slice(0, -1)}1` : text;
}
