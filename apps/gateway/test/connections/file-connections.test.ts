import { memoryTokens, newCall, systemClock } from '@fleetgate/provider-runtime';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { pino } from 'pino';
import { Connector } from '../../src/connections/connector.ts';
import { FileConnections } from '../../src/connections/file-connections.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { Redaction } from '../../src/logging/redaction.ts';
import { AllowedNetworks } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard } from '../../src/outbound/outbound-guard.ts';

const lines: string[] = [];
const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
let upstream: Upstream;
let connector: Connector;
let linked: FileConnections;

beforeAll(async () => {
  upstream = await startUpstream('fleet-manager', { scale: 20, seed: 'linked', frozen: true });
  const apiKey = upstream.credentials['apiKey'] as string;
  const one = (slug: string, key: string) => ({
    slug,
    provider: 'fleet-manager',
    team: slug === 'fm-b' ? 'edge' : null,
    syncIntervalMs: 30_000,
    settings: installedProviders
      .find(({ id }) => id === 'fleet-manager')
      ?.settings.parse({ baseUrl: upstream.baseUrl, apiKey: key }),
  });
  connector = new Connector({
    providers: installedProviders,
    tokens: memoryTokens(systemClock),
    logger,
    redaction: new Redaction(),
    sessionKey: Buffer.alloc(32, 1),
    lookup: new OutboundGuard(new AllowedNetworks()).lookup, // the file is the operator's own: nothing is refused to it
  });
  linked = new FileConnections(
    [one('fm-b', apiKey), one('fm-a', apiKey), one('refused', 'a-key-that-is-not-known')],
    connector,
  );
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(async () => {
  await connector.close();
  await upstream.close();
});

function call() {
  const { signal } = new AbortController();
  return newCall({ requestId: 'req-of-this-test', signal, random: Math.random });
}

function logged(): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('are in the order of their slugs, and found by them', () => {
  expect(linked.all().map(({ slug, team }) => [slug, team])).toEqual([
    ['fm-a', null],
    ['fm-b', 'edge'],
    ['refused', null],
  ]);
  expect(linked.find('fm-b')).toBe(linked.all()[1]);
  expect(linked.find('fm-c')).toBeUndefined();
  expect(linked.find('fm-a')).toMatchObject({ syncIntervalMs: 30_000, definition: { id: 'fleet-manager' } });
});

it('say every upstream request with the request that caused it, without query and key', async () => {
  const page = await linked.find('fm-a')?.provider.clusters?.list({ limit: 5 }, call());
  expect(page?.items.length).toBeGreaterThan(0);
  const requests = logged().filter(({ msg }) => msg === 'upstream request');
  expect(requests[0]).toMatchObject({
    level: 20,
    requestId: 'req-of-this-test',
    connection: 'fm-a',
    operation: 'clusters.list',
    method: 'GET',
    status: 200,
    ms: expect.any(Number),
  });
  for (const { url } of requests) expect(url).not.toContain('?');
  expect(lines.join('')).not.toContain(upstream.credentials['apiKey'] as string);
});

it('warn of a request that failed', async () => {
  const refused = linked.find('refused')?.provider.clusters?.list({}, call());
  await expect(refused).rejects.toMatchObject({ name: 'Fault' });
  expect(logged().filter(({ level }) => level === 40)).not.toEqual([]);
  expect(lines.join('')).not.toContain('a-key-that-is-not-known');
});

it('end with their transport', async () => {
  await connector.close();
  await expect(linked.find('fm-a')?.provider.account.identify({}, call())).rejects.toMatchObject({
    code: 'unavailable',
  });
});
