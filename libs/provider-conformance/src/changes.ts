import { Fault } from '@fleetgate/model';
import type { OutgoingRequest, Send } from '@fleetgate/provider-spec';
import type { UpstreamControl, UpstreamFault } from './upstream.ts';

/** What is to happen to one request that changes something. */
export type Mishap =
  /** it takes effect, and its answer is cut off in the middle, or lost where there is nothing to cut */
  { readonly kind: 'lost answer' } | { readonly kind: 'fault'; readonly fault: UpstreamFault };

/** The requests that change something, as the provider marks them: not repeatable, and none for a session. */
export interface Changes {
  readonly send: Send;
  /** in the order in which they went out */
  sent(): readonly OutgoingRequest[];
  forget(): void;
  /** Lets the mishap happen to the change that comes as the `at`th from now (1: the next one), once. */
  meet(mishap: Mishap, at?: number): void;
  /** whether the mishap has happened */
  met(): boolean;
}

export function createChanges(send: Send, control: UpstreamControl): Changes {
  let sent: OutgoingRequest[] = [];
  let coming: { mishap: Mishap; in: number } | undefined;
  let met = false;
  return {
    async send(request, call) {
      if (request.repeatable || request.preliminary) return send(request, call);
      sent.push(request);
      if (coming) coming.in -= 1;
      if (coming?.in !== 0) return send(request, call);
      const { mishap } = coming;
      coming = undefined;
      met = true;
      const fault: UpstreamFault = mishap.kind === 'fault' ? mishap.fault : { kind: 'half_body' };
      const path = `^${new URL(request.url).pathname.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
      control.inject({ fault, match: { method: request.method, path }, times: 1 });
      const answer = await send(request, call);
      // Without a body there was nothing to cut.
      if (mishap.kind === 'lost answer') throw new Fault('unavailable', 'the answer was lost');
      return answer;
    },
    sent: () => sent,
    forget() {
      sent = [];
      coming = undefined;
      met = false;
    },
    meet(mishap, at = 1) {
      coming = { mishap, in: at };
      met = false;
    },
    met: () => met,
  };
}
