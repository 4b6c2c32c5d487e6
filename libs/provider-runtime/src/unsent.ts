import { Fault } from '@fleetgate/model';

/** The same fault, with the certainty that the request never went out: a change that meets it did not happen. */
export function unsent(error: unknown): unknown {
  if (!(error instanceof Fault) || !error.sent) return error;
  const { code, message, retryAfterMs, upstream, field, details, cause } = error;
  return new Fault(code, message, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(field === undefined ? {} : { field }),
    details,
    sent: false,
    cause,
  });
}
