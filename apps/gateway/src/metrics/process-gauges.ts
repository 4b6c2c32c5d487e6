import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often the event loop's delay is measured, in milliseconds; a delay shorter than that is not seen. */
const resolution = 10;
const quantiles = [50, 90, 99] as const;

/** Of the process itself. */
export class ProcessGauges {
  readonly #delay = monitorEventLoopDelay({ resolution });
  #cpu = 0;

  constructor(private readonly metrics: Metrics) {
    this.#delay.enable();
  }

  collect(): void {
    const { metrics } = this;
    for (const quantile of quantiles) {
      const late = Math.max(0, this.#delay.percentile(quantile) / 1e9 - resolution / 1000);
      metrics.loopDelay.set({ quantile: String(quantile / 100) }, late);
    }
    metrics.loopDelay.set({ quantile: '1' }, Math.max(0, this.#delay.max / 1e9 - resolution / 1000));
    this.#delay.reset();
    const { user, system } = process.cpuUsage();
    const cpu = (user + system) / 1e6;
    metrics.cpu.inc(cpu - this.#cpu);
    this.#cpu = cpu;
    const { rss, heapUsed } = process.memoryUsage();
    metrics.memory.set(rss);
    metrics.heap.set(heapUsed);
  }

  close(): void {
    this.#delay.disable();
  }
}
