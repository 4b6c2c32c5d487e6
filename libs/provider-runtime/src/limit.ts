import type { Clock } from '@fleetgate/provider-spec';
import { deadlineOf } from './deadline.ts';
import type { Limiter } from './limiter.ts';
import type { SendAttempt } from './retry.ts';
import { retryAfterMs } from './retry-after.ts';
import { unsent } from './unsent.ts';

/** Sends within the connection's limits; a 429 that names a time holds back everything else until then. */
export function limit(send: SendAttempt, limiter: Limiter, clock: Clock): SendAttempt {
  return async (request, call, attempt) => {
    const leave = await limiter.enter(call.signal, deadlineOf(call.signal)).catch((error: unknown) => {
      throw unsent(error);
    });
    try {
      const response = await send(request, call, attempt);
      const pauseMs = response.status === 429 && retryAfterMs(response.headers, clock.now());
      if (pauseMs) limiter.pause(pauseMs);
      return response;
    } finally {
      leave();
    }
  };
}
