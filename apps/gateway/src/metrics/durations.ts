import type { MetricObject, MetricValue } from 'prom-client';
import { Series } from './series.ts';

/** How many took so long, by bound; the last are longer than all of them. */
interface Taken {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: number[];
  sum: number;
}

export interface DurationsOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  /** upper bounds, in seconds, rising */
  readonly buckets: readonly number[];
}

/**
 * A histogram for prom-client's registry that is cheap to add to. The library's own makes a sorted text of all labels, and three
 * functions, for each value, which for a call that goes through is a part of the whole that can be seen (docs/decisions/0023).
 */
export class Durations<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #buckets: readonly number[];
  readonly #series: Series<Label, Taken>;

  constructor({ name, help, labelNames, buckets }: DurationsOptions<Label>) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
    this.#series = new Series(labelNames, (labels) => ({
      labels,
      counts: Array<number>(buckets.length + 1).fill(0),
      sum: 0,
    }));
  }

  observe(labels: Readonly<Record<Label, string>>, seconds: number): void {
    const series = this.#series.of(labels);
    const buckets = this.#buckets;
    let at = 0;
    while (at < buckets.length && seconds > (buckets[at] as number)) at += 1;
    series.counts[at] = (series.counts[at] as number) + 1;
    series.sum += seconds;
  }

  remove(labels: Readonly<Record<string, string>>): void {
    this.#series.remove(labels);
  }

  /** As the registry asks for it. */
  async get() {
    const values: (MetricValue<string> & { metricName: string })[] = [];
    for (const { labels, counts, sum } of this.#series.values()) {
      let count = 0;
      for (const [at, bound] of [...this.#buckets, '+Inf'].entries()) {
        count += counts[at] as number;
        values.push({ metricName: `${this.name}_bucket`, labels: { le: bound, ...labels }, value: count });
      }
      values.push({ metricName: `${this.name}_sum`, labels, value: sum });
      values.push({ metricName: `${this.name}_count`, labels, value: count });
    }
    const { name, help, aggregator } = this;
    return { name, help, type: 'histogram' as unknown as MetricObject['type'], values, aggregator };
  }

  reset(): void {
    this.#series.clear();
  }
}
