import type { MetricObject } from 'prom-client';
import { Series } from './series.ts';

/** A counter for prom-client's registry that is cheap to add to, as `Durations` is a histogram. */
export class Counts<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly type = 'counter';
  readonly aggregator = 'sum';
  readonly #series: Series<Label, { readonly labels: Readonly<Record<Label, string>>; value: number }>;

  constructor({ name, help, labelNames }: { name: string; help: string; labelNames: readonly Label[] }) {
    this.name = name;
    this.help = help;
    this.#series = new Series(labelNames, (labels) => ({ labels, value: 0 }));
  }

  inc(labels: Readonly<Record<Label, string>>): void {
    this.#series.of(labels).value += 1;
  }

  remove(labels: Readonly<Record<string, string>>): void {
    this.#series.remove(labels);
  }

  reset(): void {
    this.#series.clear();
  }

  /** As the registry asks for it. */
  async get() {
    const { name, help, aggregator } = this;
    const values = [...this.#series.values()].map(({ labels, value }) => ({ labels, value }));
    return { name, help, type: 'counter' as unknown as MetricObject['type'], values, aggregator };
  }
}
