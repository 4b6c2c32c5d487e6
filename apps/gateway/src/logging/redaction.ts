const secretName =
  /authorization|cookie|pass(word|wd|phrase|code)|pwd|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|kubeconfig/i;
const redacted = '[redacted]';

/** Bounds on one logged value, so that logging something large by mistake stays cheap. */
const maxDepth = 8;
const maxParts = 1_000;
const maxTextLength = 16_384;
/** A text of a few characters would blot out half of every line, and protects nothing. */
const minSecretLength = 4;
/** How many tokens are kept for each owner: the one in use, and the ones that calls under way may still carry. */
const passingSecrets = 3;

/**
 * What may be logged: values under names that speak of a secret are left out, and every known secret is, wherever in a text
 * it stands. Works on a copy, where anything has to change.
 */
export class Redaction {
  readonly #lasting = new Set<string>();
  readonly #passing = new Map<string, string[]>();
  /** every secret in every spelling, the longest first, so that none leaves the rest of another behind */
  #known: readonly string[] = [];
  #shortest = Number.POSITIVE_INFINITY;
  readonly #names = new Map<string, boolean>();

  /** From now on this value appears in no line. */
  add(secret: string): void {
    this.#lasting.add(secret);
    this.#refresh();
  }

  /** The same for a secret that others will follow: only the latest few of each owner are remembered. */
  addPassing(owner: string, secret: string): void {
    const known = this.#passing.get(owner) ?? [];
    if (known.includes(secret)) return;
    this.#passing.set(owner, [...known, secret].slice(-passingSecrets));
    this.#refresh();
  }

  text(text: string): string {
    if (text.length < this.#shortest) return text;
    // No secret is longer than a text may be, so cutting first at twice that leaves no part of one in what remains.
    let clean = text.length > maxTextLength * 2 ? text.slice(0, maxTextLength * 2) : text;
    for (const secret of this.#known) if (clean.includes(secret)) clean = clean.replaceAll(secret, redacted);
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
        if (inner.length >= this.#shortest && this.text(inner) !== inner) return false;
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

  #refresh(): void {
    const all = new Set<string>();
    for (const secret of [...this.#lasting, ...[...this.#passing.values()].flat()]) {
      if (secret.length < minSecretLength) continue;
      for (const spelling of spellings(secret)) all.add(spelling);
    }
    this.#known = [...all].sort((a, b) => b.length - a.length);
    this.#shortest = this.#known.at(-1)?.length ?? Number.POSITIVE_INFINITY;
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

/** As it is, as part of a URL, and inside a JSON text. */
function spellings(secret: string): string[] {
  return [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)];
}

/** An unset secret may be seen to be unset, and a yes or no about one says nothing of it. */
function isFilled(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && typeof value !== 'boolean';
}
