import { type Answer, WireError } from '../core/emulator.ts';

/** The documented codes. What is none of them is still answered when a test injects it. */
const texts: Readonly<Record<number, string>> = {
  400: 'illegal or missing parameters',
  401: 'no authorization',
  403: 'access denied',
  404: 'http resource not found',
  500: "service's internal error",
};

export class ChimeErrors {
  private readonly newId: () => string;

  constructor(newId: () => string) {
    this.newId = newId;
  }

  /** {error: {code, message, status}, requestId}, without a result. */
  answer(status: number, message?: string): Answer {
    const text = texts[status] ?? `status ${status}`;
    return {
      status,
      body: {
        error: { code: status, message: message ?? text, status: text },
        requestId: this.newId(),
      },
    };
  }

  fail(status: number, message?: string): WireError {
    return new WireError(this.answer(status, message));
  }
}
