import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { RequestRecord } from '../requests/request-record.ts';
import type { Story } from '../requests/story.ts';
import { partsOf, randomHex } from './trace-context.ts';

/** Spans in memory at most, and how long one export may take, in milliseconds. */
const bounds = {
  maxQueueSize: 4096,
  maxExportBatchSize: 512,
  scheduledDelayMillis: 2000,
  exportTimeoutMillis: 5000,
};

export interface SpansOptions {
  /** of an OTLP collector over HTTP, without /v1/traces */
  readonly endpoint: string;
  /** share of the traces that begin with us, from 0 to 1; whoever calls us decides about its own */
  readonly sample: number;
  readonly version: string;
  /** takes secrets out of a text */
  readonly clean: (text: string) => string;
}

interface SpanFacts {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly startedAt: number;
  readonly ms: number;
  readonly attributes: Attributes;
  /** what went wrong */
  readonly failure?: string | undefined;
  readonly spanId?: string;
}

/** Ids are those that went over the wire already, so they are chosen before a span is made. */
class ChosenIds implements IdGenerator {
  traceId = '';
  spanId: string | undefined;

  generateTraceId(): string {
    return this.traceId;
  }

  generateSpanId(): string {
    const chosen = this.spanId ?? randomHex(8);
    this.spanId = undefined;
    return chosen;
  }
}

/**
 * Traces, sent to a collector in the background. They are made of stories that have ended, all spans of one at once, so that
 * nothing has to be carried along while a request is under way.
 */
export class Spans {
  readonly #ids = new ChosenIds();
  readonly #provider: BasicTracerProvider;

  constructor(private readonly options: SpansOptions) {
    const { endpoint, version } = options;
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
      timeoutMillis: bounds.exportTimeoutMillis,
    });
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'fleetgate', 'service.version': version }),
      sampler: new AlwaysOnSampler(),
      idGenerator: this.#ids,
      spanProcessors: [new BatchSpanProcessor(exporter as unknown as SpanExporter, bounds)],
    });
  }

  request(story: Story, record: RequestRecord): void {
    const { method, route, path, status, principal, answered_from, error } = record;
    this.#story(story, {
      name: route === null ? method : `${method} ${route}`,
      kind: SpanKind.SERVER,
      startedAt: story.startedAt,
      ms: record.duration_ms,
      attributes: {
        'http.request.method': method,
        ...(route === null ? {} : { 'http.route': route }),
        'url.path': path,
        ...(status === null ? {} : { 'http.response.status_code': status }),
        'fleetgate.request_id': record.id,
        'fleetgate.answered_from': answered_from,
        ...(principal ? { 'enduser.id': principal.id } : {}),
        ...(error ? { 'error.type': error.code } : {}),
      },
      failure: status === null ? 'the caller went away' : status >= 500 ? (error?.message ?? '') : undefined,
    });
  }

  /** Something that nobody waits for. */
  job(story: Story, name: string, attributes: Attributes, failure?: string): void {
    const { startedAt, ms } = story;
    const all = { ...attributes, 'fleetgate.request_id': story.requestId };
    this.#story(story, {
      name,
      startedAt,
      ms,
      attributes: all,
      failure: failure === undefined ? undefined : this.options.clean(failure),
    });
  }

  /** Sends what is still there; what the collector does not take within its time is lost. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => undefined); // a collector that is away must not keep us from ending
  }

  #story(story: Story, facts: SpanFacts): void {
    const { traceId, spanId, parentId, sampled } = story.trace;
    if (!(sampled ?? Number.parseInt(traceId.slice(-8), 16) < this.options.sample * 2 ** 32)) return;
    this.#ids.traceId = traceId;
    const above =
      parentId === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, traceFlags: 1, isRemote: true });
    const own = this.#span(above, { ...facts, spanId });
    for (const step of story.steps) this.#span(own, { ...step, attributes: {} });
    const operations = story.operations.map((event) => ({
      event,
      context: this.#span(own, {
        name: event.operation,
        startedAt: event.startedAt,
        ms: event.ms,
        attributes: {
          'fleetgate.connection': event.connection,
          'fleetgate.provider': event.provider,
          'fleetgate.joined': event.coalesced,
          ...(event.breaker ? { 'fleetgate.breaker': event.breaker } : {}),
          ...(event.fault ? { 'error.type': event.fault } : {}),
        },
        failure: event.fault && this.options.clean(event.message ?? ''),
      }),
    }));
    for (const event of story.attempts) {
      const { startedAt, connection, operation } = event;
      const outer = operations.find(
        ({ event: of }) =>
          !of.coalesced &&
          of.connection === connection &&
          of.operation === operation &&
          of.startedAt <= startedAt &&
          startedAt <= of.startedAt + of.ms + 1,
      );
      this.#span(outer?.context ?? own, {
        name: event.method,
        kind: SpanKind.CLIENT,
        startedAt,
        ms: event.ms,
        ...(event.sentTraceparent ? { spanId: partsOf(event.sentTraceparent).spanId } : {}),
        attributes: {
          'http.request.method': event.method,
          'url.full': this.options.clean(event.url),
          'http.request.resend_count': event.attempt - 1,
          'fleetgate.connection': connection,
          'fleetgate.waited_ms': event.waitedMs,
          ...(event.again ? { 'fleetgate.again': event.again } : {}),
          ...(event.status === undefined ? {} : { 'http.response.status_code': event.status }),
          ...(event.bytes === undefined ? {} : { 'http.response.body.size': event.bytes }),
          ...(event.fault ? { 'error.type': event.fault } : {}),
        },
        failure: event.fault && this.options.clean(event.message ?? ''),
      });
    }
  }

  /** Gives the context for the spans below it. */
  #span(above: Context, { name, kind, startedAt, ms, attributes, failure, spanId }: SpanFacts): Context {
    this.#ids.spanId = spanId;
    const span = this.#provider
      .getTracer('fleetgate')
      .startSpan(name, { kind: kind ?? SpanKind.INTERNAL, startTime: startedAt, attributes }, above);
    if (failure !== undefined)
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.slice(0, 1000) });
    span.end(startedAt + ms);
    return trace.setSpan(above, span);
  }
}
