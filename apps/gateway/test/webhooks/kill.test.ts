import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import pg from 'pg';
import { request } from 'undici';
import { type ForkedGateway, ForkedGateways } from '../setup/forked-gateway.ts';
import { Endpoint, type Received } from './endpoint.ts';
import { happen } from './happenings.ts';

/** The short form of every run; `npm run chaos -- webhooks` sets the long one. */
const asked = (name: string, otherwise: number) => Number(process.env[`FLEETGATE_TEST_${name}`] ?? otherwise);
const kills = asked('KILLS', 3);
const events = asked('EVENTS', 400);
const endpointCount = asked('ENDPOINTS', 6);
const isLong = kills > 10;
/** Until all has arrived after the last kill; what a dead process had in hand is taken back after 25 s. Milliseconds. */
const patience = isLong ? 600_000 : 60_000;
const resources = 20;
const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;

const kinds = [
  'healthy',
  'healthy, ordered',
  'slow, ordered',
  'failing',
  'flapping',
  'flapping, ordered',
] as const;
interface Target {
  readonly kind: (typeof kinds)[number];
  readonly endpoint: Endpoint;
  /** what it has said yes to, in that order */
  readonly accepted: Received[];
}

let folder: string;
let server: EmbeddedPostgres;
let gateways: ForkedGateways;
const running: ForkedGateway[] = [];
const targets: Target[] = [];

beforeAll(async () => {
  // A server of its own: this one is restarted.
  folder = mkdtempSync(path.join(tmpdir(), 'fleetgate-kill-'));
  chmodSync(folder, 0o755);
  await startServer();
  gateways = new ForkedGateways('connections: []\n', {
    FLEETGATE_DATABASE_URL: `postgres://${server.user}@localhost:${server.port}/${server.database}?host=${encodeURIComponent(server.host)}`,
    FLEETGATE_SECRET_KEY: randomBytes(32).toString('base64'),
    FLEETGATE_ROOT_KEY: rootKey,
    FLEETGATE_ALLOWED_NETWORKS: '127.0.0.0/8',
    FLEETGATE_WEBHOOK_RETRIES: [...Array.from({ length: 18 }, () => '200ms'), '1h'].join(),
    FLEETGATE_LOG_LEVEL: 'warn',
  });
}, 60_000);
afterAll(async () => {
  gateways?.close();
  await Promise.all(targets.map(({ endpoint }) => endpoint.close()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function startServer(): Promise<void> {
  server = await startEmbeddedPostgres({
    dataDir: path.join(folder, 'postgres'),
    durable: false,
    maxConnections: 100,
  });
}

/** Asks the database, over a session that lasts for that question only. */
async function sql<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
  const { host, port, user, database } = server;
  const client = new pg.Client({ host, port, user, database });
  client.on('error', () => undefined); // whatever breaks the session also rejects the question
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as R[];
  } finally {
    await client.end();
  }
}

async function targetOf(kind: Target['kind'], url: string): Promise<Target> {
  const endpoint = await Endpoint.start();
  const target: Target = { kind, endpoint, accepted: [] };
  let calls = 0;
  endpoint.behaviour = async (received, response) => {
    calls += 1;
    if (kind.startsWith('slow')) await sleep(50);
    const refused = kind === 'failing' || (kind.startsWith('flapping') && calls % 3 === 0);
    if (!refused) target.accepted.push(received);
    response.writeHead(refused ? 503 : 200).end();
  };
  const { statusCode, body } = await request(`${url}/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rootKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: endpoint.url, events: ['deployment.*'], ordered: kind.includes('ordered') }),
  });
  expect([statusCode, await body.text()]).toEqual([201, expect.any(String)]);
  return target;
}

const lacking = async () => {
  const log = await sql<{ id: string }>(`SELECT id FROM event WHERE type LIKE 'deployment.%'`);
  return targets
    .filter(({ kind }) => kind !== 'failing')
    .map(({ kind, accepted }) => {
      const has = new Set(accepted.map(({ id }) => id));
      return { kind, lacks: events - log.filter(({ id }) => has.has(id)).length };
    })
    .filter(({ lacks }) => lacks > 0);
};

/** Lets things happen, a part at a time, whatever the database is doing. */
async function happenings(): Promise<void> {
  const part = Math.ceil(events / (kills + 2));
  for (let done = 0; done < events; ) {
    const next = Array.from({ length: Math.min(part, events - done) }, (_, at) => ({
      resource: `deploy_${(done + at) % resources}`,
    }));
    try {
      await happen(sql, next);
      done += next.length;
    } catch {
      // the database is being restarted, and nothing of the part was committed: once more
    }
    await sleep(300);
  }
}

/** As whatever runs them would: one that has ended, because it found no database when it came up, is started again. */
function revive(): void {
  for (const [at, { child }] of running.entries()) {
    if (child.exitCode !== null || child.signalCode !== null) running[at] = gateways.start();
  }
}

async function oneIsReady(): Promise<void> {
  for (;;) {
    revive();
    try {
      await Promise.any(running.map(({ ready }) => ready));
      return;
    } catch {
      await sleep(200); // all have ended: they are started again
    }
  }
}

async function killings(): Promise<void> {
  for (let n = 0; n < kills; n++) {
    await oneIsReady();
    await sleep(200 + Math.random() * 800);
    const victim = n % running.length;
    await running[victim]?.kill();
    running[victim] = gateways.start();
    if (n === Math.floor(kills / 2)) {
      await server.stop();
      await sleep(500);
      await startServer();
    }
    // The long form shows that leases run out by themselves; here nobody waits for it.
    if (!isLong) await sql(`UPDATE webhook_delivery SET lease_until = now() WHERE state = 'running'`);
  }
}

it(
  'brings every event to every endpoint that takes it, in order where asked, through kill -9 and a restart of the database',
  async () => {
    running.push(gateways.start());
    const url = (await running[0]?.ready) as string;
    for (let n = 0; n < endpointCount; n++) {
      targets.push(await targetOf(kinds[n % kinds.length] as Target['kind'], url));
    }
    running.push(gateways.start());

    await Promise.all([happenings(), killings()]);
    const until = performance.now() + patience;
    while ((await lacking()).length > 0 && performance.now() < until) {
      revive();
      await sleep(200);
    }
    expect(await lacking()).toEqual([]);

    const bodies = new Map<string, string>();
    let doubles = 0;
    for (const { kind, accepted } of targets) {
      const seen = new Set<string>();
      const last = new Map<string, number>();
      for (const { id, body, event } of accepted) {
        expect(bodies.get(id) ?? body).toBe(body);
        bodies.set(id, body);
        if (seen.has(id)) {
          doubles += 1;
          continue;
        }
        seen.add(id);
        const resource = event.data['deployment']?.id as string;
        const sequence = event.sequence as number;
        if (kind.includes('ordered')) expect(sequence).toBeGreaterThan(last.get(resource) ?? 0);
        last.set(resource, sequence);
      }
    }
    expect(bodies.size).toBe(events);
    const tried = targets
      .filter(({ kind }) => kind === 'failing')
      .map(({ endpoint }) => endpoint.received.length);
    if (isLong) {
      process.stdout.write(
        `${kills} kills, ${events} events, ${endpointCount} endpoints: ${doubles} came twice\n`,
      );
      process.stdout.write(`the failing ones were tried ${tried.join(', ')} times\n`);
    }
  },
  patience * 4,
);
