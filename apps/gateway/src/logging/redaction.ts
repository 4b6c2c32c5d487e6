import { KnownSecrets } from './known-secrets.ts';

const secretName =
  /authorization|cookie|pass(word|wd|phrase|code)|pwd|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|kubeconfig/i;
const redacted = '[redacted]';
/** Keys and tokens that the gateway gives out: nobody has to know them to take them out. */
const given = /fg_(live|login)_[\w-]{8,}/g;
const shortestGiven = 'fg_live_'.length + 8;

/** Bounds on one logged value, so that logging something large by mistake stays cheap. */
const maxDepth = 8;
const maxParts = 1_000;
const maxTextLength = 16_384;

/**
 * What may be logged: values under names that speak of a secret are left out, and every known secret is, wherever in a text
 * it stands. Works on a copy, where anything has to change.
 */
export class Redaction {
  readonly #secrets = new KnownSecrets();
  readonly #names = new Map<string, boolean>();

  /** From now on this value appears in no line. */
  add(secret: string): void {
    this.#secrets.add(secret);
  }

  /** The same, until it is released: a later call of the same owner replaces what it held. */
  hold(owner: string, secrets: readonly string[]): void {
    this.#secrets.hold(owner, secrets);
  }

  release(owner: string): void {
    this.#secrets.release(owner);
  }

  /** The same for a secret that others will follow: only the latest few of each owner are remembered. */
  addPassing(owner: string, secret: string): void {
    this.#secrets.pass(owner, secret);
  }

  text(text: string): string {
    if (text.length < shortestGiven && this.#secrets.isTooShort(text)) return text;
    // No secret is longer than a text may be, so cutting first at twice that leaves no part of one in what remains.
    const known = text.length > maxTextLength * 2 ? text.slice(0, maxTextLength * 2) : text;
    const covered = this.#secrets.cover(known, redacted);
    const clean = covered.includes('fg_') ? covered.replace(given, redacted) : covered;
    return clean.length > maxTextLength ? `${clean.slice(0, maxTextLength)}… [cut]` : clean;
  }

  value(value: unknown): unknown {
    return this.#isPlain(value) ? value : this.#clean(value, 0, { parts: maxParts });
  }

  /** The line of every request is a small flat object with nothing to hide: it need not be copied. */
  #isPlain(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
      return false;
    }
    for (const name of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[name];
      if (typeof inner === 'string') {
        if (this.text(inner) !== inner) return false;
        if (inner.length > maxTextLength) return false;
      } else if (
        typeof inner !== 'number' &&
        typeof inner !== 'boolean' &&
        inner !== null &&
        inner !== undefined
      ) {
        return false;
      }
      if (this.#isSecretName(name)) return false;
    }
    return true;
  }

  #clean(value: unknown, depth: number, budget: { parts: number }): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
    budget.parts -= 1;
    if (depth >= maxDepth || budget.parts < 0) return '[more]';
    try {
      return this.#cleanObject(value, depth, budget);
    } catch {
      return '[unreadable]'; // a getter that throws must not take the line, or its writer, with it
    }
  }

  #cleanObject(value: object, depth: number, budget: { parts: number }): unknown {
    if (value instanceof Error) return this.#cleanError(value, depth, budget);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value) || value instanceof Set) {
      return Array.from(value)
        .slice(0, maxParts)
        .map((inner) => this.#clean(inner, depth + 1, budget));
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#clean(toJSON.call(value), depth + 1, budget);
    const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
    const clean: Record<string, unknown> = {};
    for (const [key, inner] of entries) {
      if (budget.parts < 0) break;
      const name = String(key);
      clean[this.text(name)] =
        this.#isSecretName(name) && isFilled(inner) ? redacted : this.#clean(inner, depth + 1, budget);
    }
    return clean;
  }

  #cleanError(error: Error, depth: number, budget: { parts: number }): Record<string, unknown> {
    const { name, message, stack, cause } = error;
    const { code, errors } = error as { code?: unknown; errors?: unknown };
    return {
      type: name,
      message: this.text(message),
      ...(code === undefined ? {} : { code: this.text(String(code)) }),
      stack: this.text(stack ?? ''),
      ...(cause === undefined ? {} : { cause: this.#clean(cause, depth + 1, budget) }),
      ...(Array.isArray(errors) ? { errors: this.#clean(errors, depth + 1, budget) } : {}),
    };
  }

  /** Names repeat in every line, so each is looked at once; a bound keeps invented ones from filling the memory. */
  #isSecretName(name: string): boolean {
    let known = this.#names.get(name);
    if (known === undefined) {
      known = secretName.test(name);
      if (this.#names.size >= maxParts) this.#names.clear();
      this.#names.set(name, known);
    }
    return known;
  }
}

/** An unset secret may be seen to be unset, and a yes or no about one says nothing of it. */
function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && typeof value !== 'boolean';
}
