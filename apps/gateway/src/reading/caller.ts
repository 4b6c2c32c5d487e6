import { newCall } from '@fleetgate/provider-runtime';
import type { Call } from '@fleetgate/provider-spec';
import type { Principal } from '../access/principal.ts';

export interface Caller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  /** when it stops waiting, in milliseconds since the epoch; undefined: it did not say */
  readonly deadlineAt?: number | undefined;
  /** aborted when it goes away; asked for by who calls an upstream, for it is not had for nothing */
  readonly signal: () => AbortSignal;
}

/** A call that ends when its caller goes, or has no time left. An upstream call that others wait for too goes on. */
export function upstreamCall({ requestId, traceparent, deadlineAt, signal }: Caller): Call {
  return newCall({ requestId, traceparent, deadlineAt, signal: signal(), random: Math.random });
}
