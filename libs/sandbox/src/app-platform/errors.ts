import type { Answer } from '../core/emulator.ts';

export interface FieldProblem {
  field: string;
  message: string;
}

const codes: Record<number, [code: string, message: string]> = {
  400: ['bad_request', 'The request could not be understood'],
  401: ['unauthorized', 'Invalid or missing API key'],
  403: ['forbidden', 'You do not have access to this resource'],
  404: ['not_found', 'The requested resource was not found'],
  409: ['conflict', 'The resource is in a state that does not allow this'],
  422: ['validation_error', 'The request data is invalid'],
  429: ['rate_limited', 'Too many requests'],
  500: ['internal_error', 'Something went wrong on our side'],
};

/**
 * The documented envelope. Only `validation_error` and its details are documented; assumption: the other codes are named like their
 * status, and their details are empty.
 */
export function envelope(status: number, details: readonly FieldProblem[] = [], words?: string): Answer {
  const [code, message] = codes[status] ?? [
    status < 500 ? 'bad_request' : 'internal_error',
    'The request failed',
  ];
  return { status, body: { error: { code, message: words ?? message, details } } };
}
