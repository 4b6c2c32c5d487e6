import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import { Counts } from './counts.ts';
import { Durations } from './durations.ts';
import { Tallies } from './tallies.ts';

/** Bounds in seconds: from an answer out of memory to the longest deadline of a call. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Everything that is measured, under the names of docs/operating.md. Labels are bounded: routes as they are registered,
 * connections that there are, operations of the contract, codes of closed lists; never an id, a path or an address.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly answers = new Tallies();
  /** requests that the framework has, and that have no answer yet */
  underWay = 0;

  readonly httpDuration = this.#histogram(
    'fleetgate_http_request_duration_seconds',
    'how long answers took that were not ready',
    ['route', 'method'],
  );
  readonly recordsDropped = this.#counter(
    'fleetgate_request_records_dropped_total',
    'requests that should have been kept in the log of requests, and were too many',
  );
  readonly httpShed = this.#counter(
    'fleetgate_http_requests_shed_total',
    'requests refused because this process was overloaded',
  );

  readonly operations = this.#counter(
    'fleetgate_upstream_operations_total',
    'operations of providers; outcome: ok, or the code of the fault; shared: it joined one that was under way',
    ['connection', 'operation', 'outcome', 'shared'],
  );
  readonly operationDuration = this.#histogram(
    'fleetgate_upstream_operation_duration_seconds',
    'how long they took, with retries and waiting',
    ['connection', 'operation'],
  );
  readonly attempts = this.#counts(
    'fleetgate_upstream_attempts_total',
    'requests that went out; outcome: the status, the code of the fault, or outrun; again: no, retry or hedge',
    ['connection', 'operation', 'outcome', 'again'],
  );
  readonly attemptDuration = this.#histogram(
    'fleetgate_upstream_attempt_duration_seconds',
    'how long each took, without waiting for its turn',
    ['connection'],
  );

  readonly limiterWait = this.#histogram(
    'fleetgate_upstream_limiter_wait_seconds',
    'how long each stood in line for the limits of its connection before it went out',
    ['connection'],
  );
  readonly breaker = this.#gauge(
    'fleetgate_upstream_breaker_open',
    '1: calls of that class are refused, as the platform failed too many; 0.5: one is let through, and decides',
    ['connection', 'class'],
  );
  readonly callsUnderWay = this.#gauge(
    'fleetgate_upstream_calls_under_way',
    'calls that have a slot of their class',
    ['connection', 'class'],
  );

  readonly syncLag = this.#gauge(
    'fleetgate_sync_lag_seconds',
    'age of what the inventory shows; absent: never synced',
    ['connection', 'kind'],
  );
  readonly syncFailing = this.#gauge('fleetgate_sync_failing', '1: the latest sync failed', [
    'connection',
    'kind',
  ]);
  readonly inventoryRows = this.#gauge('fleetgate_inventory_rows', 'resources in the inventory', [
    'connection',
    'kind',
  ]);
  readonly queueDepth = this.#gauge('fleetgate_queue_depth', 'what waits to be done, over all replicas', [
    'queue',
  ]);

  readonly databaseUp = this.#gauge('fleetgate_database_up', '1: it answered this scrape in time');
  readonly databaseSessions = this.#gauge(
    'fleetgate_database_sessions',
    'sessions of the pool, by what they do; waiting: statements that have none yet',
    ['state'],
  );
  readonly databaseSessionsMax = this.#gauge(
    'fleetgate_database_sessions_max',
    'sessions that the pool opens at most',
  );
  readonly redisUp = this.#gauge(
    'fleetgate_redis_up',
    '0: lost, and this replica counts calls alone; absent: there is none',
  );
  readonly replicas = this.#gauge(
    'fleetgate_replicas',
    'gateways that share the Redis; absent: there is none',
  );
  readonly throttled = this.#counter(
    'fleetgate_throttle_calls_total',
    'calls by what the throttle decided; local: by this replica alone, as Redis was lost',
    ['decision'],
  );
  readonly upstreamLimits = this.#counter(
    'fleetgate_upstream_limits_asked_total',
    'how often the limits of upstreams were asked for; local: of this process alone, as Redis was lost; absent: there is none',
    ['by'],
  );

  readonly loopDelay = this.#gauge(
    'fleetgate_event_loop_delay_seconds',
    'by how much the event loop was late since the scrape before',
    ['quantile'],
  );
  readonly cpu = this.#counter('process_cpu_seconds_total', 'time on processors, of user and system');
  readonly memory = this.#gauge('process_resident_memory_bytes', 'memory of the process');
  readonly heap = this.#gauge('nodejs_heap_size_used_bytes', 'heap in use');
  readonly startTime = this.#gauge('process_start_time_seconds', 'when the process began, since the epoch');

  constructor() {
    const { answers } = this;
    new Counter({
      name: 'fleetgate_http_requests_total',
      help: 'answers; ready: out of memory, without asking a handler',
      labelNames: ['route', 'method', 'status', 'ready'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [labels, given] of answers) this.inc({ ...labels }, given);
      },
    });
    const underWay = () => this.underWay;
    new Gauge({
      name: 'fleetgate_http_requests_under_way',
      help: 'requests that have no answer yet',
      registers: [this.registry],
      collect() {
        this.set(underWay());
      },
    });
    this.startTime.set(Math.round(performance.timeOrigin / 1000));
  }

  /** Series of connections that there are no more. */
  async forgetOthers(isThere: (connection: string) => boolean): Promise<void> {
    const { operations, operationDuration, attempts, attemptDuration, limiterWait } = this;
    for (const metric of [operations, operationDuration, attempts, attemptDuration, limiterWait]) {
      const gone = new Map<string, Record<string, string>>();
      for (const { labels } of (await metric.get()).values) {
        const { le: _, ...own } = labels as Record<string, string>;
        if (!isThere(own['connection'] as string)) gone.set(JSON.stringify(own), own);
      }
      for (const labels of gone.values()) (metric as Counter).remove(labels);
    }
  }

  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** For what is counted with every call. */
  #counts<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counts<Label> {
    const counts = new Counts({ name, help, labelNames });
    this.registry.registerMetric(counts as unknown as Metric);
    return counts;
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Durations<Label> {
    const histogram = new Durations({ name, help, labelNames, buckets: durations });
    this.registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  }
}
