const secretName =
  /authorization|cookie|pass(word|wd|phrase)|secret|token|api[-_]?key|private[-_]?key|credential|kubeconfig/i;
const redacted = '[redacted]';
const maxDepth = 8;

/**
 * What may be logged: values under names that speak of a secret are left out, and every known secret is, wherever it stands.
 * Works on a copy.
 */
export class Redaction {
  readonly #known = new Set<string>();

  /** From now on this value appears in no line. Texts of a few characters would hide half of every line, and are no secrets. */
  add(secret: unknown): void {
    if (typeof secret === 'string' && secret.length >= 6) this.#known.add(secret);
  }

  text(text: string): string {
    let clean = text;
    for (const secret of this.#known) if (clean.includes(secret)) clean = clean.replaceAll(secret, redacted);
    return clean;
  }

  value(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= maxDepth) return '[deep]';
    if (value instanceof Error) return this.error(value, depth);
    if (Array.isArray(value)) return value.map((inner) => this.value(inner, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        secretName.test(name) && inner !== null && inner !== undefined
          ? redacted
          : this.value(inner, depth + 1),
      ]),
    );
  }

  error(error: Error, depth = 0): Record<string, unknown> {
    const { code } = error as { code?: unknown };
    return {
      type: error.name,
      message: this.text(error.message),
      ...(code === undefined ? {} : { code: String(code) }),
      stack: this.text(error.stack ?? ''),
      ...(error.cause === undefined ? {} : { cause: this.value(error.cause, depth + 1) }),
    };
  }
}
