import { callClasses } from '@fleetgate/provider-runtime';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { CONNECTOR, type Connector } from '../connections/connector.ts';
import { SHARED, type Shared } from '../redis/redis.module.ts';
import { ThrottleGuard } from '../throttle/throttle.guard.ts';
import { Metrics } from './metrics.ts';
import { ProcessGauges } from './process-gauges.ts';
import { StoreGauges } from './store-gauges.ts';

const openness = { closed: 0, half_open: 0.5, open: 1 } as const;

/** The text that Prometheus reads. What is not counted as it happens is looked at now. */
@Injectable()
export class Scrapes implements OnModuleDestroy {
  readonly #process: ProcessGauges;
  #told = { admitted: 0, refused: 0, local: 0 };
  #toldLimits = { shared: 0, local: 0 };
  #under: Promise<string> | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly store: StoreGauges,
    private readonly throttle: ThrottleGuard,
    @Inject(CONNECTIONS) private readonly connections: Connections,
    @Inject(SHARED) private readonly shared: Shared,
    @Inject(CONNECTOR) private readonly connector: Connector,
  ) {
    this.#process = new ProcessGauges(metrics);
  }

  get contentType(): string {
    return this.metrics.registry.contentType;
  }

  /** Two that come at once get the same. */
  text(): Promise<string> {
    this.#under ??= this.#collect().finally(() => (this.#under = undefined));
    return this.#under;
  }

  onModuleDestroy(): void {
    this.#process.close();
  }

  #upstreams(): void {
    const { breaker, callsUnderWay } = this.metrics;
    breaker.reset();
    callsUnderWay.reset();
    for (const { slug, provider } of this.connections.all()) {
      const { breakers, underWay } = provider.condition();
      for (const one of callClasses) {
        breaker.set({ connection: slug, class: one }, openness[breakers[one]]);
        callsUnderWay.set({ connection: slug, class: one }, underWay[one]);
      }
    }
  }

  #limits(): void {
    const { limits } = this.connector;
    if (!limits) return;
    const figures = { ...limits.figures };
    for (const by of ['shared', 'local'] as const)
      this.metrics.upstreamLimits.inc({ by }, figures[by] - this.#toldLimits[by]);
    this.#toldLimits = figures;
  }

  async #collect(): Promise<string> {
    const { metrics } = this;
    this.#process.collect();
    const figures = { ...this.throttle.figures };
    for (const decision of ['admitted', 'refused', 'local'] as const)
      metrics.throttled.inc({ decision }, figures[decision] - this.#told[decision]);
    this.#told = figures;
    if (this.shared) {
      metrics.redisUp.set(this.shared.redis.up ? 1 : 0);
      metrics.replicas.set(this.shared.replicas.count);
    } else {
      metrics.redisUp.reset();
      metrics.replicas.reset();
    }
    this.#limits();
    this.#upstreams();
    await this.store.collect(metrics);
    await metrics.forgetOthers((slug) => this.connections.find(slug) !== undefined);
    return metrics.registry.metrics();
  }
}
