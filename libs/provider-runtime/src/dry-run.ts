import { redact } from '@fleetgate/model';
import type { Call, Journal, OutgoingRequest, Send, Step, StepResult } from '@fleetgate/provider-spec';

/** A request that a dry run would have sent. Headers are left out: they carry credentials. */
export interface PlannedRequest {
  readonly step: string;
  readonly method: string;
  readonly url: string;
  /** as text, with every value under a name that speaks of a secret masked; null: none */
  readonly body: string | null;
}

/** In place of an answer that does not exist. */
class NothingSent extends Error {
  override readonly name = 'NothingSent';
}

const plan = Symbol('dry run');

interface DryCall extends Call {
  readonly [plan]?: (request: OutgoingRequest) => void;
}

/** A journal under which every change is gathered instead of sent; reads and logins go out as ever. */
export function dryRunJournal(stamp: string): Journal & { readonly requests: readonly PlannedRequest[] } {
  const requests: PlannedRequest[] = [];
  return {
    stamp,
    requests,
    async step<T extends StepResult>(name: string, step: Step<T>, call: Call): Promise<T> {
      const dry: DryCall = {
        ...call,
        [plan]: ({ method, url, body }) => requests.push({ step: name, method, url, body: masked(body) }),
      };
      try {
        return await step.make(dry);
      } catch (error) {
        if (error instanceof NothingSent) return step.assumed;
        throw error;
      }
    },
  };
}

/** Keeps what a dry run would change from being sent. */
export function withDryRun(send: Send): Send {
  return (request, call: DryCall) => {
    const gather = call[plan];
    if (!gather || request.repeatable || request.preliminary) return send(request, call);
    gather(request);
    return Promise.reject(new NothingSent('a dry run sends nothing'));
  };
}

function masked(body: string | undefined): string | null {
  if (body === undefined) return null;
  try {
    return JSON.stringify(redact(JSON.parse(body)));
  } catch {
    return redact(body); // not JSON: it is masked as the text that it is
  }
}
