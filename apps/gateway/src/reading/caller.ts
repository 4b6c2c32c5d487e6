import { newCall } from '@fleetgate/provider-runtime';
import type { Call } from '@fleetgate/provider-spec';
import type { Principal } from '../access/principal.ts';

export interface Caller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
}

/** A call for a caller that no one caller owns: only the runtime's own deadline ends it. */
export function upstreamCall({ requestId, traceparent }: Caller): Call {
  return newCall({ requestId, traceparent, signal: new AbortController().signal, random: Math.random });
}
