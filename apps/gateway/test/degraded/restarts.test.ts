import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { Agent, request } from 'undici';
import { eventually } from '../e2e/stack.ts';
import { type ForkedGateway, ForkedGateways } from '../setup/forked-gateway.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';

const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
const headers = { authorization: `Bearer ${rootKey}` };

let database: TestDatabase;
let upstream: Upstream;
let gateways: ForkedGateways;
beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await startUpstream('chimestack', { scale: 20, frozen: true });
  const { user, ...secrets } = upstream.credentials;
  const settings = { baseUrl: upstream.baseUrl, ...(user ? { user } : {}), ...secrets };
  gateways = new ForkedGateways(
    `connections: [{ slug: chime, provider: chimestack, sync: { interval: 5s }, settings: ${JSON.stringify(settings)} }]\n`,
    {
      FLEETGATE_DATABASE_URL: urlOf(database),
      FLEETGATE_SECRET_KEY: randomBytes(32).toString('base64'),
      FLEETGATE_ROOT_KEY: rootKey,
      FLEETGATE_DRAIN: '1',
      FLEETGATE_LOG_LEVEL: 'warn',
    },
  );
});
afterAll(async () => {
  gateways?.close();
  await upstream?.close();
  await database?.drop();
});

/** Sends each request to one of those that say they are ready, as a balancer does: asked every 50 ms. */
class Balancer {
  readonly #agent = new Agent({ connections: 16 });
  readonly #ready = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;

  constructor(readonly urls: Set<string>) {
    this.#timer = setInterval(() => void this.#look(), 50);
  }

  get ready(): number {
    return this.#ready.size;
  }

  async ask(path: string): Promise<number> {
    const all = [...this.#ready];
    this.#turn += 1;
    const url = all[this.#turn % all.length];
    const { statusCode, body } = await request(`${url}${path}`, { headers, dispatcher: this.#agent });
    await body.dump();
    return statusCode;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#agent.close();
  }

  async #look(): Promise<void> {
    for (const url of this.urls) {
      try {
        const { statusCode, body } = await request(`${url}/readyz`, { dispatcher: this.#agent });
        await body.dump();
        if (statusCode === 200) this.#ready.add(url);
        else this.#ready.delete(url);
      } catch {
        this.#ready.delete(url); // it is gone, which is what was asked
      }
    }
  }
}

it('two replicas that are restarted one after the other under load lose no request, and each ends in time', async () => {
  const urls = new Set<string>();
  const balancer = new Balancer(urls);
  const running: ForkedGateway[] = [gateways.start(), gateways.start()];
  for (const { ready } of running) urls.add(await ready);
  await eventually('both are ready', () => balancer.ready === 2);

  const outcomes = new Map<string, number>();
  let on = true;
  const callers = Array.from({ length: 8 }, async (_, caller) => {
    for (let n = 0; on; n += 1) {
      const path = n % 3 === 0 ? '/v1/clusters?limit=5' : `/v1/clusters?limit=5&q=${caller}-${n}`;
      const outcome = await balancer.ask(path).then(String, (error: Error) => error.message);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await sleep(5);
    }
  });
  for (const old of running) {
    const url = await old.ready;
    const began = performance.now();
    expect(await old.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(25_000);
    urls.delete(url);
    urls.add(await gateways.start().ready);
    await eventually('both are ready again', () => balancer.ready === 2);
  }
  on = false;
  await Promise.all(callers);
  await balancer.close();
  expect([...outcomes.keys()]).toEqual(['200']);
  expect(outcomes.get('200')).toBeGreaterThan(500);
}, 90_000);

it('a request that is under way at the signal is answered, and syncs go on elsewhere at once', async () => {
  const [stays, goes] = [gateways.start(), gateways.start()];
  const [, url] = await Promise.all([stays.ready, goes.ready]);
  const id = await request(`${url}/v1/clusters?limit=1`, { headers }).then(
    async ({ body }) => ((await body.json()) as { data: { id: string }[] }).data[0]?.id,
  );
  upstream.control.inject({ fault: { kind: 'latency', ms: 700 } });
  const slow = request(`${url}/v1/clusters/${id}?max_stale=0`, { headers });
  await sleep(200);
  const ended = goes.stop();
  const { statusCode, body } = await slow;
  expect(statusCode).toBe(200);
  await body.dump();
  upstream.control.clear();
  expect(await ended).toBe(0);
  const since = Date.now();
  await eventually('the other syncs', async () => {
    const answer = await request(`${await stays.ready}/v1/connections/chime`, { headers });
    const { data } = (await answer.body.json()) as {
      data: { sync: { kinds: Record<string, { observed_at: string }> } };
    };
    return Object.values(data.sync.kinds).every(({ observed_at }) => Date.parse(observed_at) > since);
  });
}, 60_000);
