// Events from the outbox to an endpoint that takes them, beside bare signed POSTs by the same client; and open streams.
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { number, ratio, row, title } from './print.mjs';
import { cpuSeconds, residentMb, start, stop } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const gatewayRequire = createRequire(new URL('../../apps/gateway/package.json', import.meta.url));
const { Agent, request } = gatewayRequire('undici');
const { Webhook } = gatewayRequire('standardwebhooks');

const many = 20_000;
const resources = 500;
/** as the gateway has it */
const atOnce = 16;
const streams = 5_000;
const receiver = new URL('receiver.mjs', import.meta.url).pathname;

export async function events(database, url) {
  title('Events: from the outbox to one endpoint that takes them, and open streams');
  const upstream = await startFleetManager(50);
  const gateway = await startGateway(url, upstream, { logLevel: 'warn' });
  const client = new pg.Client(database);
  await client.connect();
  try {
    await gateway.synced(0);
    const floor = await bare();
    row(
      `bare signed POSTs, ${atOnce} at once`,
      `${number(floor)} /s`,
      'the floor: the same client and library',
    );
    for (const ordered of [false, true]) {
      const { rate, cpu } = await delivered(gateway, client, ordered);
      const words = ordered ? `in order of ${resources} resources` : 'in any order';
      row(
        `events from the outbox to the endpoint, ${words}`,
        `${number(rate)} /s`,
        `${ratio(rate / floor)} of it`,
      );
      row('', `${number(cpu * 1e6)} µs`, 'CPU of the gateway for each');
    }
    await open(gateway, client);
  } finally {
    await client.end();
    await gateway.stop();
    await upstream.stop();
  }
}

/** An event as long as those below. */
const sample = JSON.stringify({
  id: `evt_${'0'.repeat(36)}`,
  type: 'deployment.updated',
  data: 'x'.repeat(900),
});

async function bare() {
  const { child, ready } = await start(receiver);
  const agent = new Agent({ connections: atOnce });
  const webhook = new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
  let left = many;
  const begun = performance.now();
  const hand = async () => {
    while (left-- > 0) {
      const now = new Date();
      const { body } = await request(`http://127.0.0.1:${ready.port}/`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(Math.floor(now / 1000)),
          'webhook-signature': webhook.sign('evt_1', now, sample),
        },
        body: sample,
      });
      await body.dump();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
  const seconds = (performance.now() - begun) / 1000;
  await agent.close();
  await stop(child);
  return many / seconds;
}

async function delivered(gateway, client, ordered) {
  const { child, ready } = await start(receiver);
  const made = await ask(gateway, 'POST', '/v1/webhooks', {
    url: `http://127.0.0.1:${ready.port}/`,
    events: ['deployment.*'],
    ordered,
  });
  const had = () =>
    new Promise((resolve) => {
      child.once('message', (message) => resolve(message.had));
      child.send('how many');
    });
  const cpuBefore = cpuSeconds(gateway.pid);
  const begun = performance.now();
  await happen(client, many);
  while ((await had()) < many) await sleep(25);
  const seconds = (performance.now() - begun) / 1000;
  const cpu = (cpuSeconds(gateway.pid) - cpuBefore) / many;
  await ask(gateway, 'DELETE', `/v1/webhooks/${made.data.id}`);
  await stop(child);
  return { rate: many / seconds, cpu };
}

async function happen(client, count) {
  await client.query(
    `INSERT INTO outbox (connection, kind, change, status, previous_status, resource_id, body, version)
      SELECT 'fm-bench', 'deployment', 'updated', 'running', 'running', 'deploy_' || n % $2,
        json_build_object('id', 'deploy_' || n % $2, 'text', repeat('x', 700)), n FROM generate_series(1, $1::int) AS n`,
    [count, resources],
  );
  await client.query(`SELECT pg_notify('fleetgate_inventory', '{"passed":"bench"}')`);
}

async function ask(gateway, method, path, body) {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method,
    headers: { authorization, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function open(gateway, client) {
  await sleep(3_000);
  const before = residentMb(gateway.pid);
  const sockets = [];
  let heard = 0;
  const stream = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: gateway.port });
      sockets.push(socket);
      socket.once('error', reject);
      let begun = false;
      socket.on('data', (chunk) => {
        if (!begun) {
          begun = true;
          if (!chunk.toString('latin1').startsWith('HTTP/1.1 200'))
            reject(new Error(chunk.toString('latin1', 0, 200)));
          resolve();
        }
        if (chunk.includes('event: deployment.updated')) heard += 1;
      });
      socket.write(
        `GET /v1/events/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: ${authorization}\r\n\r\n`,
      );
    });
  for (let n = 0; n < streams; n += 250) await Promise.all(Array.from({ length: 250 }, stream));
  await sleep(5_000);
  row(
    `${number(streams)} open streams: more resident memory`,
    `${number(residentMb(gateway.pid) - before)} MB`,
    '< 300 MB',
  );
  const begun = performance.now();
  await happen(client, 1);
  while (heard < streams && performance.now() - begun < 30_000) await sleep(5);
  row('one event heard by', `${number(heard)}`, `within ${number(performance.now() - begun)} ms`);
  row('with that', `${number(residentMb(gateway.pid) - before)} MB`, '< 300 MB');
  for (const socket of sockets) socket.destroy();
}
