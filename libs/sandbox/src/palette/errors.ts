import { type Answer, WireError } from '../core/emulator.ts';

/** `code` for a status. Only ResourceNotFound, ProjectNotFoundInTenant and TooManyRequests are documented; the rest is assumed. */
const codes: Readonly<Record<number, string>> = {
  400: 'InvalidRequest',
  401: 'InvalidToken',
  403: 'OperationForbidden',
  404: 'ResourceNotFound',
  405: 'MethodNotAllowed',
  409: 'ResourceConflict',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

const messages: Readonly<Record<number, string>> = {
  400: 'The request does not adhere to the API request payload schema',
  401: 'Missing authorization token or invalid authorization token',
  403: 'The operation is forbidden for the user',
  404: 'The resource is not found',
  429: 'Too many requests',
  500: 'Operational error',
};

export class PaletteErrors {
  private readonly newRef: () => string;

  constructor(newRef: () => string) {
    this.newRef = newRef;
  }

  /** {code, message, details, ref}; code and message default to those of the status. */
  answer(status: number, code?: string, message?: string, details: Record<string, string> = {}): Answer {
    return {
      status,
      body: {
        code: code ?? codes[status] ?? 'Error',
        message: message ?? messages[status] ?? `The request was answered with status ${status}`,
        details,
        ref: this.newRef(),
      },
    };
  }

  fail(status: number, code?: string, message?: string): WireError {
    return new WireError(this.answer(status, code, message));
  }

  /** A body that does not adhere to the schema: why, by field. */
  invalid(details: Record<string, string>): WireError {
    const [first] = Object.entries(details);
    const message = first === undefined ? messages[400] : `${first[0]} in body ${first[1]}`;
    return new WireError(this.answer(400, undefined, message, details));
  }

  notFound(what: string, uid: string): WireError {
    return this.fail(404, 'ResourceNotFound', `${what} with uid '${uid}' is not found`);
  }
}
