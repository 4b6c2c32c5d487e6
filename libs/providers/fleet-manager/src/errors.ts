import { Fault, type FaultCode, isFault } from '@fleetgate/model';
import type { Complaint, Http } from '@fleetgate/provider-kit';
import type { Call } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { Refusal } from './wire.ts';

export function readComplaint(body: unknown, status: number): Complaint {
  const { data } = Refusal.safeParse(body);
  if (!data) return {};
  const messages = Array.isArray(data.message) ? data.message : data.message ? [data.message] : [];
  const details = status === 400 || status === 409 || status === 422 ? messages.flatMap(detailOf) : [];
  return {
    ...(data.error ? { code: data.error } : {}),
    ...(messages.length > 0 ? { message: messages.join('; ') } : {}),
    ...(details.length > 0 ? { details } : {}),
  };
}

/** Their fields, as the validation of bodies names them, by ours. */
const fields: readonly (readonly [RegExp, string])[] = [
  [/^name$/, 'name'],
  [/^description$/, 'description'],
  [/^sourceType$/, 'spec.source_type'],
  [/^sourceConfig$/, 'spec.source_config'],
  [/^(targetGroup|clusterGroupId)$/, 'target.id'],
  [/^(applicationVersion|applications\.\d+\.version)$/, 'version'],
  [/^tags$/, 'labels'],
];

/** `name must be a string`: the first word is the field. What is none of ours stays in the message only. */
function detailOf(message: string): { field: string; message: string }[] {
  const [word = ''] = message.split(' ', 1);
  const known = fields.find(([theirs]) => theirs.test(word));
  return known ? [{ field: known[1], message }] : [];
}

/**
 * Fleet Manager answers 500 for a key that it does not take and for an object that is gone, as well as for its own
 * failures. Two probes tell them apart before anything is named: whether the key works elsewhere, and whether the server
 * answers at all without one. A change is neither asked for again nor probed: the change may have been made, and an outage
 * looks like a refused key, so that its 500 is a failure. Every change begins with a read, which meets a refused key first.
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
        if (!isFiveHundred(error) || (request.method ?? 'GET') !== 'GET') throw error;
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

/** Why nothing can have been changed, as a code and in words. */
export type Reason = readonly [FaultCode, string];

/**
 * Sends what changes something. After a 500, `reason` looks for a state of things in which nothing can have been changed. Where
 * there is nothing to be seen it was a failure, and the change may have been made all the same.
 */
export async function sendChange<T>(
  send: (call: Call) => Promise<T>,
  reason: (call: Call) => Promise<Reason | undefined>,
  call: Call,
): Promise<T> {
  try {
    return await send(call);
  } catch (error) {
    if (!isFiveHundred(error)) throw error;
    const why = await reason(call).catch(() => undefined); // what is in the way of looking is told by the 500 as well
    if (!why) throw error;
    throw new Fault(why[0], why[1], { upstream: error.upstream ?? {} });
  }
}
