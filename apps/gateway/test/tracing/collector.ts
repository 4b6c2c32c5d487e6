import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  status: { code?: number; message?: string };
  ms: number;
}

interface Wire {
  resourceSpans: {
    scopeSpans: {
      spans: (Omit<CollectedSpan, 'attributes' | 'ms'> & {
        attributes: { key: string; value: Record<string, unknown> }[];
        startTimeUnixNano: string;
        endTimeUnixNano: string;
      })[];
    }[];
  }[];
}

/** Takes traces over HTTP, as an OTLP collector does. */
export async function startCollector() {
  const spans: CollectedSpan[] = [];
  const texts: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    texts.push(text);
    for (const { scopeSpans } of (JSON.parse(text) as Wire).resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans.map(spanOf));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    texts,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function spanOf(span: Wire['resourceSpans'][0]['scopeSpans'][0]['spans'][0]): CollectedSpan {
  const { traceId, spanId, parentSpanId, name, kind, status, startTimeUnixNano, endTimeUnixNano } = span;
  const attributes = span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]);
  const ms = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    name,
    kind,
    status,
    ms,
    attributes: Object.fromEntries(attributes),
  };
}
