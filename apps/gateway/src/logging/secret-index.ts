/** A text of a few characters would blot out half of every line, and protects nothing. */
const minSecretLength = 4;
const marks = 1 << 14;

/**
 * Finds any of many secrets in a text, in one pass over it: what a log line costs does not grow with how many are known. Each
 * is known as it is, as part of a URL, and inside a JSON text. What was added twice has to be removed twice.
 */
export class SecretIndex {
  readonly #counts = new Map<string, number>();
  /** lengths of spellings by their first characters (many begin alike: all JWTs do), with how many have each; the longest first */
  readonly #byStart = new Map<string, Map<number, number>>();
  /** how many spellings begin with characters of that sum: at most places of a text one look here says that none does */
  readonly #marks = new Uint32Array(marks);

  /** The shortest text that can hold one. */
  get shortest(): number {
    return this.#counts.size === 0 ? Number.POSITIVE_INFINITY : minSecretLength;
  }

  add(secret: string): void {
    for (const spelling of spellings(secret)) {
      const count = this.#counts.get(spelling) ?? 0;
      this.#counts.set(spelling, count + 1);
      if (count > 0) continue;
      this.#count(spelling, 1);
    }
  }

  remove(secret: string): void {
    for (const spelling of spellings(secret)) {
      const count = this.#counts.get(spelling) ?? 0;
      if (count > 1) this.#counts.set(spelling, count - 1);
      if (count !== 1) continue;
      this.#counts.delete(spelling);
      this.#count(spelling, -1);
    }
  }

  /** Puts `instead` for every stretch that is covered by secrets; where they overlap, nothing of either is left. */
  cover(text: string, instead: string): string {
    let clean = '';
    let copied = 0;
    let start = 0;
    let end = 0; // of the stretch that is covered so far
    for (let at = 0; at + minSecretLength <= text.length; at++) {
      if (this.#marks[markOf(text, at)] === 0) continue;
      const length = this.#lengthAt(text, at);
      if (length === 0) continue;
      if (at > end || end === 0) {
        if (end > 0) {
          clean += text.slice(copied, start) + instead;
          copied = end;
        }
        start = at;
      }
      end = Math.max(end, at + length);
    }
    return end === 0 ? text : clean + text.slice(copied, start) + instead + text.slice(end);
  }

  /** Of the longest that begins there; 0: none does. */
  #lengthAt(text: string, at: number): number {
    const lengths = this.#byStart.get(text.slice(at, at + minSecretLength));
    if (!lengths) return 0;
    for (const length of lengths.keys()) {
      if (at + length <= text.length && this.#counts.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }

  #count(spelling: string, by: 1 | -1): void {
    const { length } = spelling;
    const start = spelling.slice(0, minSecretLength);
    const lengths = this.#byStart.get(start) ?? new Map<number, number>();
    const count = (lengths.get(length) ?? 0) + by;
    if (count === 0) lengths.delete(length);
    else if (lengths.has(length)) lengths.set(length, count);
    else this.#byStart.set(start, new Map([...lengths, [length, count] as const].sort(([a], [b]) => b - a)));
    if (count === 0 && lengths.size === 0) this.#byStart.delete(start);
    const mark = markOf(spelling, 0);
    this.#marks[mark] = (this.#marks[mark] as number) + by;
  }
}

function markOf(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)) * 31 +
      text.charCodeAt(at + 2) * 7 +
      text.charCodeAt(at + 3)) &
    (marks - 1)
  );
}

/** As it is, as part of a URL, and inside a JSON text. */
function spellings(secret: string): string[] {
  if (secret.length < minSecretLength) return [];
  const all = [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)];
  return [...new Set(all)];
}
