// Calls of an upstream's own API that go through, beside @fastify/http-proxy in front of the same upstream.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { number, ratio, row, title } from './print.mjs';
import { startFloor, stop, versus } from './processes.mjs';
import { authorization, startGateway } from './stack.mjs';

const rounds = { pairs: 15, seconds: 0.8, warmUp: 5 };
const connections = 32;
const sizes = [2, 64];

export async function native(url) {
  title('Calls that go through: requests per CPU second of the server, medians of rounds in turn');
  const dir = mkdtempSync(join(tmpdir(), 'fleetgate-bench-'));
  for (const size of sizes) {
    const file = join(dir, `${size}.json`);
    writeFileSync(file, JSON.stringify({ text: 'x'.repeat(size * 1024 - 11) }));
    const upstream = await startFloor('bytes', file);
    const origin = `http://127.0.0.1:${upstream.ready.port}`;
    const proxy = await startFloor('proxy', origin);
    const credentials = { apiKey: 'key-for-benchmarks' };
    const gateway = await startGateway(url, { baseUrl: origin, credentials });
    const side = (pid, port, path) => ({
      pid,
      options: { connections, port, paths: [path], headers: { authorization } },
    });
    try {
      const result = await versus(
        side(gateway.pid, gateway.port, '/v1/connections/fm-bench/native/x/y?z=1'),
        side(proxy.child.pid, proxy.ready.port, '/x/y?z=1'),
        rounds,
      );
      if (!result.statuses['200']) throw new Error(`expected 200, got ${JSON.stringify(result.statuses)}`);
      print(`GET of ${size} KB through the gateway : through @fastify/http-proxy`, result, '≥ 1.2 ×');
    } finally {
      await gateway.stop();
      await stop(proxy.child);
      await stop(upstream.child);
    }
  }
}

function print(name, { a, b, ratio: value, ratios, p99 }, asked) {
  const spread = `${ratios[0].toFixed(2)}–${ratios.at(-1).toFixed(2)}`;
  row(name, ratio(value), asked);
  row(
    '',
    `${number(a)} : ${number(b)}`,
    `requests per CPU second; ratios ${spread}; p99 ${p99.a.toFixed(1)} : ${p99.b.toFixed(1)} ms`,
  );
}
