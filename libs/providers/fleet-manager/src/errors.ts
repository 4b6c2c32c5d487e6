import { Fault, isFault } from '@fleetgate/model';
import type { Complaint, Http } from '@fleetgate/provider-kit';
import type { Call } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { Refusal } from './wire.ts';

export function readComplaint(body: unknown): Complaint {
  const { data } = Refusal.safeParse(body);
  if (!data) return {};
  const message = Array.isArray(data.message) ? data.message.join('; ') : data.message;
  return { ...(data.error ? { code: data.error } : {}), ...(message ? { message } : {}) };
}

/**
 * Fleet Manager answers 500 for a key that it does not take and for an object that is gone, as well as for its own
 * failures. Two probes tell them apart before anything is named: whether the key works elsewhere, and whether the server
 * answers at all without one.
 */
export function tellingFiveHundreds(http: Http): Http {
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (isFiveHundred(error)) return false;
      // Any other refusal is an answer of a living server.
      if (isFault(error) && error.upstream?.status !== undefined) return true;
      throw error;
    }
  };
  const keyWorks = (call: Call) =>
    attempt(() => http.request({ path: ['clusters'], query: { limit: 1 }, answer: z.unknown() }, call));
  const serverAnswers = (call: Call) =>
    attempt(() => http.request({ path: ['health'], authenticated: false, answer: z.unknown() }, call));

  return {
    ...http,
    async request(request, call) {
      try {
        return await http.request(request, call);
      } catch (error) {
        if (!isFiveHundred(error)) throw error;
        if (await keyWorks(call)) return await askAgain(() => http.request(request, call), request.path);
        if (await serverAnswers(call)) {
          throw new Fault('unauthenticated', 'the upstream answers 500 to this key, and works without one', {
            upstream: error.upstream ?? {},
          });
        }
        throw error;
      }
    },
  };
}

/**
 * Asked a second time, a passing failure passes; an application by its id that still answers 500 is gone. Of other objects
 * nobody has seen that, so that theirs stays a failure.
 */
async function askAgain<T>(work: () => Promise<T>, [list, id]: readonly string[]): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFiveHundred(error) || list !== 'deployment-applications' || id === undefined) throw error;
    throw new Fault('not_found', 'the upstream answers 500 for it alone, as it does for what is gone', {
      upstream: error.upstream ?? {},
    });
  }
}

function isFiveHundred(error: unknown): error is Fault {
  return isFault(error, 'unexpected') && error.upstream?.status === 500;
}
