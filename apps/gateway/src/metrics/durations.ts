import type { MetricObject, MetricValue } from 'prom-client';

/** One series: how many took so long, by bound; the last are longer than all of them. */
interface Series {
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
  readonly #labelNames: readonly Label[];
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor({ name, help, labelNames, buckets }: DurationsOptions<Label>) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    this.#buckets = buckets;
  }

  observe(labels: Readonly<Record<Label, string>>, seconds: number): void {
    const series = this.#seriesOf(labels);
    const buckets = this.#buckets;
    let at = 0;
    while (at < buckets.length && seconds > (buckets[at] as number)) at += 1;
    series.counts[at] = (series.counts[at] as number) + 1;
    series.sum += seconds;
  }

  remove(labels: Readonly<Record<string, string>>): void {
    this.#series.delete(this.#keyOf(labels as Record<Label, string>));
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

  #seriesOf(labels: Readonly<Record<Label, string>>): Series {
    const key = this.#keyOf(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      const counts = Array<number>(this.#buckets.length + 1).fill(0);
      series = { labels: { ...labels }, counts, sum: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  #keyOf(labels: Readonly<Record<Label, string>>): string {
    const names = this.#labelNames;
    let key = labels[names[0] as Label];
    for (let at = 1; at < names.length; at += 1) key += `\n${labels[names[at] as Label]}`;
    return key;
  }
}
