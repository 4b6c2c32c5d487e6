import { randomBytes } from 'node:crypto';
import { systemClock } from '@fleetgate/provider-runtime';
import { AllowedNetworks } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard, type Resolve } from '../../src/outbound/outbound-guard.ts';
import { Keyring } from '../../src/sealing/keyring.ts';
import { deadline, Sender } from '../../src/webhooks/sender.ts';
import { WebhookSecrets } from '../../src/webhooks/webhook-secrets.ts';
import { answering, Endpoint } from './endpoint.ts';

const secrets = new WebhookSecrets(new Keyring(randomBytes(32)));
const patience = 300;
let endpoint: Endpoint;
let senders: Sender[] = [];

beforeEach(async () => {
  endpoint = await Endpoint.start();
});
afterEach(async () => {
  await Promise.all(senders.map((sender) => sender.close()));
  senders = [];
  await endpoint.close();
});

function senderOf(allowed: string[] = ['127.0.0.0/8'], resolve?: Resolve): Sender {
  const sender = new Sender(
    new OutboundGuard(new AllowedNetworks(allowed), resolve),
    secrets,
    systemClock,
    patience,
  );
  senders.push(sender);
  return sender;
}

function send(sender: Sender, url = endpoint.url) {
  const stored = {
    id: 'hook_1',
    secrets: secrets.seal('hook_1', `whsec_${'A'.repeat(40)}`),
    withPrevious: false,
  };
  return sender.send({ url, eventId: 'evt_1', body: '{"type":"cluster.degraded"}', secrets: stored });
}

it('waits 15 s unless told otherwise', () => {
  expect(deadline).toBe(15_000);
});

it('follows no redirect', async () => {
  const target = await Endpoint.start();
  endpoint.behaviour = answering(307, { location: target.url });
  const { attempt } = await send(senderOf());
  expect(attempt).toMatchObject({
    error: 'answered 307: redirects are not followed',
    response: { status: 307, headers: { location: target.url } },
  });
  expect(target.received).toHaveLength(0);
  await target.close();
});

it.each<[string, Endpoint['behaviour'], number | null]>([
  ['that never begins', () => undefined, null],
  [
    'that begins and does not end',
    (_, response) => {
      response.writeHead(200);
      response.write('it begins');
    },
    200,
  ],
  [
    'that comes by a byte now and then',
    (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    },
    200,
  ],
])('takes an answer %s for none, and lets the socket go', async (_, behaviour, status) => {
  endpoint.behaviour = behaviour;
  const started = performance.now();
  const { attempt } = await send(senderOf());
  expect(performance.now() - started).toBeLessThan(patience * 5);
  expect(attempt.error).toBe('no whole answer within 0.3 s');
  expect(attempt.response?.status ?? null).toBe(status);
  while (endpoint.open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
});

it('keeps the beginning of a long answer, and reads no more of it than it has to', async () => {
  endpoint.behaviour = (_, response) => {
    response.writeHead(200, { 'x-long': 'h'.repeat(3_000) });
    const more = () => {
      while (!response.destroyed && response.write('\u0000'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  };
  const { attempt } = await send(senderOf());
  expect(attempt).toMatchObject({ error: null, response: { status: 200, body: '\ufffd'.repeat(1_000) } });
  expect(attempt.response?.headers['x-long']).toBe('h'.repeat(200));
});

it('uses sockets again', async () => {
  const ports = new Set<number | undefined>();
  endpoint.behaviour = (_, response) => {
    ports.add(response.socket?.remotePort);
    response.end('thank you');
  };
  const sender = senderOf();
  for (let n = 0; n < 10; n++) await send(sender);
  expect(ports.size).toBeLessThanOrEqual(2);
});

describe('what only the gateway can reach', () => {
  const leadsTo =
    (...addresses: string[]): Resolve =>
    async () =>
      addresses.map((address) => ({ address, family: 4 }));

  it.each<[string, (port: string) => string, Resolve | undefined]>([
    ['an address of its own', (port) => `http://127.0.0.1:${port}/`, undefined],
    ['the same, written otherwise', (port) => `http://2130706433:${port}/`, undefined],
    ['the same as IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/`, undefined],
    ['a name that leads there', (port) => `http://hooks.example:${port}/`, leadsTo('127.0.0.1')],
    [
      'a name that leads there too',
      (port) => `http://hooks.example:${port}/`,
      leadsTo('192.0.2.1', '127.0.0.1'),
    ],
    ['the metadata of a cloud', () => 'http://169.254.169.254/latest', undefined],
  ])('is not called: %s', async (_, url, resolve) => {
    const { attempt } = await send(senderOf([], resolve), url(new URL(endpoint.url).port));
    expect(attempt.error).toMatch(/which is not allowed here$/);
    expect(attempt.response).toBeNull();
    expect(endpoint.received).toHaveLength(0);
  });

  it('is not called when a name that was good leads there by the time of the call', async () => {
    let address = '192.0.2.1';
    const guard = new OutboundGuard(new AllowedNetworks(['192.0.2.1']), async () => [{ address, family: 4 }]);
    expect(await guard.complaintAbout('http://hooks.example/')).toBeUndefined();
    address = '127.0.0.1';
    const sender = new Sender(guard, secrets, systemClock, patience);
    senders.push(sender);
    const { attempt } = await send(sender, `http://hooks.example:${new URL(endpoint.url).port}/`);
    expect(attempt.error).toMatch(/loopback/);
    expect(endpoint.received).toHaveLength(0);
  });
});

it.each<[string, () => string, number | null]>([
  ['seconds', () => '12', 12_000],
  ['a date', () => new Date(Date.now() + 60_000).toUTCString(), 60_000],
  ['a date that has passed', () => new Date(Date.now() - 60_000).toUTCString(), 0],
  ['no time at all', () => 'soon', null],
])('reads Retry-After: %s', async (_, header, expected) => {
  endpoint.behaviour = answering(503, { 'retry-after': header() });
  const { retryAfter } = await send(senderOf());
  if (expected === null) expect(retryAfter).toBeNull();
  else expect(Math.abs((retryAfter as number) - expected)).toBeLessThan(2_000);
});

it('tells what went wrong where nobody answers', async () => {
  const { port } = new URL(endpoint.url);
  await endpoint.close();
  endpoint = await Endpoint.start();
  const { attempt } = await send(senderOf(), `http://127.0.0.1:${port}/`);
  expect(attempt).toMatchObject({ error: 'ECONNREFUSED', response: null });
});
