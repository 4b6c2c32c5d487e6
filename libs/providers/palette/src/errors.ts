import { Fault, type FaultCode } from '@fleetgate/model';
import type { Complaint, ReadComplaint } from '@fleetgate/provider-kit';
import { ErrorBody } from './wire.ts';

/** The status that comes with these codes is not documented; the code says what is meant. */
const codes: Readonly<Record<string, FaultCode>> = {
  ResourceNotFound: 'not_found',
  ProjectNotFoundInTenant: 'not_found',
  ResourceAccessDenied: 'forbidden',
  OperationForbidden: 'forbidden',
  TooManyRequests: 'rate_limited',
};

/** Palette's v1Error: {code, message, details, ref}. */
export const readComplaint: ReadComplaint = (body, status) => {
  const { code, message, details } = ErrorBody.safeParse(body).data ?? {};
  const fault = status < 500 && code && Object.hasOwn(codes, code) ? codes[code] : undefined;
  return {
    ...(code ? { code } : {}),
    ...(message ? { message } : {}),
    ...(fault ? { fault } : {}),
    details: Object.entries(details ?? {}).flatMap(([field, why]) =>
      typeof why === 'string' ? [{ field: ourNameOf(field), message: why }] : [],
    ),
  };
};

/** `details` has no documented shape; texts by the path of a field are taken for what they look like. */
function ourNameOf(field: string): string {
  return field.replace(/^metadata\.(name|labels)/, '$1').replace(/^metadata\.annotations\./, '');
}

/**
 * How a wrong password or an unknown organisation is answered is not documented. Whatever a login refuses is the credentials;
 * above all it must not read as `not_found`, which would be taken for the object that the call was about.
 */
export const readLoginComplaint: ReadComplaint = (body, status): Complaint => {
  const complaint = readComplaint(body, status);
  return [400, 401, 403, 404, 422].includes(status) ? { ...complaint, fault: 'unauthenticated' } : complaint;
};

/** For a key that no list of ours gave, or an object that the upstream shows though it is gone. */
export function noSuch(): Fault {
  return new Fault('not_found', 'the upstream has no such object');
}
