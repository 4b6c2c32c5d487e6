/** What is kept for each set of labels that was met. */
export class Series<Label extends string, Kept> {
  readonly #labelNames: readonly Label[];
  readonly #begin: (labels: Readonly<Record<Label, string>>) => Kept;
  readonly #all = new Map<string, Kept>();

  constructor(labelNames: readonly Label[], begin: (labels: Readonly<Record<Label, string>>) => Kept) {
    this.#labelNames = labelNames;
    this.#begin = begin;
  }

  of(labels: Readonly<Record<Label, string>>): Kept {
    const key = this.#keyOf(labels);
    let kept = this.#all.get(key);
    if (kept === undefined) {
      kept = this.#begin({ ...labels });
      this.#all.set(key, kept);
    }
    return kept;
  }

  remove(labels: Readonly<Record<string, string>>): void {
    this.#all.delete(this.#keyOf(labels as Record<Label, string>));
  }

  clear(): void {
    this.#all.clear();
  }

  values(): Iterable<Kept> {
    return this.#all.values();
  }

  #keyOf(labels: Readonly<Record<Label, string>>): string {
    const names = this.#labelNames;
    let key = labels[names[0] as Label];
    for (let at = 1; at < names.length; at += 1) key += `\n${labels[names[at] as Label]}`;
    return key;
  }
}
