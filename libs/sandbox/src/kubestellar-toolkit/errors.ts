import { type Answer, WireError } from '../core/emulator.ts';

/** The documentation says that `code` is a string and no more; these words are assumed. */
const codes: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

const messages: Readonly<Record<number, string>> = {
  401: 'a valid bearer token is required',
  404: 'the requested resource does not exist',
  405: 'the method is not allowed for this resource',
  429: 'too many requests',
};

/** {error: {code, message}}. */
export function toolkitError(status: number, message?: string): Answer {
  return {
    status,
    body: {
      error: {
        code: codes[status] ?? 'Error',
        message: message ?? messages[status] ?? `the request was answered with status ${status}`,
      },
    },
  };
}

export function toolkitFailure(status: number, message?: string): WireError {
  return new WireError(toolkitError(status, message));
}
