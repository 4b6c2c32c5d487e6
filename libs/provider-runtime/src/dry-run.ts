import { redact } from '@fleetgate/model';
import type { Call, Journal, Send, Step, StepResult } from '@fleetgate/provider-spec';

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

const stepName = Symbol('step of a dry run');

interface DryCall extends Call {
  readonly [stepName]?: string;
}

/** what each dry run has gathered */
const gathered = new WeakMap<Journal, PlannedRequest[]>();

/** A journal under which every change is gathered instead of sent; reads and logins go out as ever. */
export function dryRunJournal(stamp: string): Journal & { readonly requests: readonly PlannedRequest[] } {
  const requests: PlannedRequest[] = [];
  const journal = {
    stamp,
    requests,
    note: <T extends StepResult>(_name: string, look: (call: Call) => Promise<T>, call: Call) => look(call),
    async step<T extends StepResult>(name: string, step: Step<T>, call: Call): Promise<T> {
      const dry: DryCall = { ...call, [stepName]: name };
      try {
        return await step.make(dry);
      } catch (error) {
        if (error instanceof NothingSent) return step.assumed;
        throw error;
      }
    },
  };
  gathered.set(journal, requests);
  return journal;
}

/** Keeps what a dry run would change from being sent, also where the provider makes no step of it. */
export function withDryRun(send: Send): Send {
  return (request, call: DryCall) => {
    const requests = call.journal && gathered.get(call.journal);
    if (!requests || request.repeatable || request.preliminary) return send(request, call);
    const { method, url, body } = request;
    requests.push({ step: call[stepName] ?? 'no step', method, url, body: masked(body) });
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
