import type { Clock } from '@fleetgate/provider-spec';
import type { SendAttempt } from './attempt.ts';
import { contextOf } from './call.ts';
import { deadlineOf } from './deadlines.ts';
import type { Limiter } from './limiter.ts';
import { pauseMs } from './rate-headers.ts';
import { unsent } from './unsent.ts';

/** Sends within the connection's limits; an answer that asks for a pause holds back everything else until then. */
export function limit(send: SendAttempt, limiter: Limiter, clock: Clock): SendAttempt {
  return async (request, call, attempt) => {
    const came = clock.now();
    const background = contextOf(call)?.class === 'sync';
    const entered = limiter.enter(call.signal, deadlineOf(call.signal), background);
    const leave = await entered.catch((error: unknown) => {
      throw unsent(error);
    });
    attempt.waitedMs = clock.now() - came;
    return admitted(send, { limiter, clock, leave })(request, call, attempt);
  };
}

/** Sends in a place that is held already, and gives it back. */
export function admitted(
  send: SendAttempt,
  { limiter, clock, leave }: { limiter: Limiter; clock: Clock; leave: () => void },
): SendAttempt {
  return async (request, call, attempt) => {
    try {
      const response = await send(request, call, attempt);
      const asked = pauseMs(response, clock.now());
      if (asked > 0) limiter.pause(asked);
      return response;
    } finally {
      leave();
    }
  };
}
