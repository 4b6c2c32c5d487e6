/** Encrypts short texts under the secret key, each bound to the name that it is stored under. */
export interface Sealer {
  seal(name: string, text: string): Buffer;
  /** undefined: it was sealed under another key or name, or changed since */
  open(name: string, bytes: Buffer): string | undefined;
}

/** The injection token of `Sealer`. */
export const SEALER = Symbol('sealer');
