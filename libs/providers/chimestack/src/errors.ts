import { Fault } from '@fleetgate/model';
import type { Complaint, ReadComplaint } from '@fleetgate/provider-kit';
import type { IncomingResponse, Send } from '@fleetgate/provider-spec';
import { Envelope } from './wire.ts';

/** ChimeStack's error member: {code, message, status}. No list of its codes is published; the HTTP status says what is meant. */
export const readComplaint: ReadComplaint = (body, status) => {
  const { error } = Envelope.safeParse(body).data ?? {};
  const message = error?.message || error?.status || '';
  const field = status === 400 || status === 422 ? fieldIn(message) : undefined;
  return {
    ...(error?.code == null ? {} : { code: String(error.code) }),
    ...(message === '' ? {} : { message }),
    ...(field === undefined ? {} : { details: [{ field, message }] }),
  };
};

/** Their fields of a cluster, by ours. */
const fields: Readonly<Record<string, string>> = {
  name: 'name',
  description: 'description',
  hypervisor_type: 'kind',
  arch: 'spec.arch',
  type: 'spec.type',
};

/** The texts of refusals are not documented: a field may come first, or in quotes as Go's validation has it. */
function fieldIn(message: string): string | undefined {
  const word = /^(\w+)\b/.exec(message)?.[1];
  const quoted = /field validation for '(\w+)'/i.exec(message)?.[1];
  const theirs = (quoted ?? word ?? '').replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  return Object.hasOwn(fields, theirs) ? fields[theirs] : undefined;
}

/**
 * How a wrong password is answered is not documented. Whatever a login refuses is the credentials; and a login that is not
 * there must not read as `not_found`, which would be taken for the object that the call was about.
 */
export const readLoginComplaint: ReadComplaint = (body, status): Complaint => {
  const complaint = readComplaint(body, status);
  if ([400, 401, 403, 422].includes(status)) return { ...complaint, fault: 'unauthenticated' };
  return status === 404 ? { ...complaint, fault: 'unexpected' } : complaint;
};

/** `error` that is neither absent nor null; cheap, because it looks at every answer. */
const hasError = /"error"\s*:\s*(?!null\b)/;

/**
 * The envelope has a place for an error whatever the status: one that comes with 200 is a failure too. It gets the status
 * that its code names, so that a refused token is renewed and every failure is read in one place.
 */
export function withEnvelopeErrors(send: Send): Send {
  return async (request, call) => {
    const response = await send(request, call);
    if (response.status >= 300 || !hasError.test(response.text)) return response;
    const code = errorCodeOf(response);
    return code === undefined ? response : { ...response, status: code >= 400 && code < 600 ? code : 500 };
  };
}

/** The code of the error in the envelope; 0 where it has none, undefined where there is no error. */
function errorCodeOf(response: IncomingResponse): number | undefined {
  let body: unknown;
  try {
    body = JSON.parse(response.text);
  } catch {
    return undefined; // who parses the answer says that it is not JSON
  }
  if (typeof body !== 'object' || body === null || !('error' in body) || body.error == null) return undefined;
  return Number(Envelope.safeParse(body).data?.error?.code ?? 0) || 0;
}

/** For a key that no list of ours gave, or an object that the upstream shows though it is gone. */
export function noSuch(): Fault {
  return new Fault('not_found', 'the upstream has no such object');
}
