// What it costs a list to be seen: log, metrics, story and traces, against the same gateway without any of them.
import { createServer } from 'node:http';
import { number, row, title } from './print.mjs';
import { versus } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const rounds = { pairs: 31, seconds: 0.4, warmUp: 6 };
const connections = 32;

export async function light(url) {
  title(
    'Lists with log, metrics, stories and traces, beside the same gateway without: requests per CPU second',
  );
  const collector = await startCollector();
  const upstream = await startFleetManager(5_000);
  const lit = await startGateway(url, upstream, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  await lit.synced(0);
  const dark = await startGateway(url, upstream, { logLevel: 'warn', program: 'tools/bench/dark.mjs' });
  try {
    await dark.synced(0);
    const server = ({ pid, port }, paths) => ({
      pid,
      options: { connections, headers: { authorization }, port, paths },
    });
    const compare = async (name, paths) => {
      const result = await versus(server(lit, paths), server(dark, paths), rounds);
      const middle = [0.25, 0.75].map((share) => percent(result.ratios[Math.round(30 * (1 - share))]));
      row(
        name,
        percent(result.ratio),
        `< 10 % (${number(result.a)} : ${number(result.b)}; half of the rounds in ${middle.join('–')})`,
      );
    };
    const before = collector.batches();
    await compare(
      'every call another filter and page, limit 100',
      Array.from({ length: 20_000 }, (_, n) => {
        const since = new Date(Date.UTC(2025, 0, 1) + n * 1000).toISOString();
        return `/v1/clusters?limit=100&page=${1 + (n % 20)}&updated_since=${since}`;
      }),
    );
    row('batches of spans that the collector took meanwhile', number(collector.batches() - before));
    await compare('a ready list, limit 100', ['/v1/clusters?limit=100']);
  } finally {
    await lit.stop();
    await dark.stop();
    await upstream.stop();
    collector.stop();
  }
}

/** What it costs: by how much fewer are answered in a CPU second. */
const percent = (ratio) => `${number((1 - ratio) * 100, 1)} %`;

/** Takes traces over OTLP, and counts the batches. */
async function startCollector() {
  let batches = 0;
  const server = createServer((request, response) => {
    batches += 1;
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    batches: () => batches,
    stop: () => server.close(),
  };
}
