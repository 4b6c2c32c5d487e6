import { randomBytes, randomUUID } from 'node:crypto';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import pg from 'pg';
import { request } from 'undici';
import { eventually } from '../e2e/stack.ts';
import { type ForkedGateway, ForkedGateways } from '../setup/forked-gateway.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';

const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
const spec = { source_type: 'api', source_config: 'type: Application\n' };

/** The three steps of one write: the request of each, and what of it can be counted upstream. */
const steps = [
  { name: 'application', path: '/deployment-applications$' },
  { name: 'binding', path: '/deployments$' },
  { name: 'release', path: '/deploy$' },
] as const;

let database: TestDatabase;
let upstream: Upstream;
let gateways: ForkedGateways;
let client: pg.Client;
let running: ForkedGateway | undefined;
let groupId: string;
/** every write makes an application of another name */
let attempt = 0;
const nameNow = () => `killed-${attempt}`;

beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await startUpstream('fleet-manager', { scale: 10, frozen: true });
  gateways = new ForkedGateways(
    `connections:
  - slug: fm
    provider: fleet-manager
    sync: { interval: 1h }
    settings: { baseUrl: '${upstream.baseUrl}', apiKey: '\${FM_KEY}', timeoutMs: 5000 }
`,
    {
      FLEETGATE_DATABASE_URL: urlOf(database),
      FLEETGATE_SECRET_KEY: randomBytes(32).toString('base64'),
      FLEETGATE_ROOT_KEY: rootKey,
      FM_KEY: upstream.credentials['apiKey'],
    },
  );
  client = new pg.Client(database.config);
  await client.connect();
});
afterAll(async () => {
  gateways?.close();
  await client?.end();
  await upstream?.close();
  await database?.drop();
});

async function ask(url: string, method: 'GET' | 'POST', path: string, body?: unknown, key?: string) {
  const { statusCode, body: answer } = await request(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${rootKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: statusCode, body: JSON.parse(text) as { data: never; operation: { id: string } } };
}

/** Upstream objects as Fleet Manager itself lists them. */
async function counted() {
  const of = async (path: string) => {
    const { body } = await request(`${upstream.baseUrl}${path}`, {
      headers: { 'api-key': upstream.credentials['apiKey'] as string },
    });
    const answer = (await body.json()) as { items: { id: string; name: string; applicationId?: string }[] };
    return answer.items;
  };
  const applications = (await of('/deployment-applications?limit=200')).filter(
    ({ name }) => name === nameNow(),
  );
  const bindings = (await of('/deployments?limit=200')).filter(({ applicationId }) =>
    applications.some(({ id }) => id === applicationId),
  );
  const releases = await Promise.all(
    bindings.map(({ id }) => of(`/deployment-releases?deploymentId=${id}&limit=50`)),
  );
  return { applications: applications.length, bindings: bindings.length, releases: releases.flat().length };
}

async function started(): Promise<string> {
  running ??= gateways.start();
  const url = await running.ready;
  await eventually('the groups are known', async () => {
    const { body } = await ask(url, 'GET', '/v1/cluster-groups?limit=1');
    groupId = (body.data as { id: string }[])[0]?.id as string;
    return groupId !== undefined;
  });
  return url;
}

/** Requests of that step that have come to the upstream. */
const arrived = (path: string) =>
  upstream.control.requests().some((one) => one.method === 'POST' && new RegExp(path).test(one.path));

/** The write, and a kill -9 at a moment of it; then a process that goes on. */
async function killedAt(moment: (url: string, write: Promise<unknown>) => Promise<void>) {
  const url = await started();
  attempt += 1;
  upstream.control.forget();
  const key = randomUUID();
  const input = {
    connection: 'fm',
    name: nameNow(),
    spec,
    deployment: { target: { kind: 'cluster_group', id: groupId } },
  };
  const write = ask(url, 'POST', '/v1/projects', input, key).catch(() => undefined); // it dies with the process
  await moment(url, write);
  await running?.kill();
  running = undefined;
  upstream.control.clear();
  // That the lease of a dead process runs out by itself takes 15 s, and is its own matter; here nobody waits for it.
  await client.query('UPDATE operation SET lease_until = now() WHERE lease_until IS NOT NULL');
  await client.query(`UPDATE idempotency_key SET lease_until = now() WHERE state = 'running'`);
  return { url: await started(), key, input };
}

async function assertOnce(url: string) {
  await eventually('the operation is done', async () => {
    const { rows } = await client.query<{ state: string }>(
      'SELECT state FROM operation ORDER BY created_at DESC LIMIT 1',
    );
    return rows[0]?.state === 'succeeded';
  });
  expect(await counted()).toEqual({ applications: 1, bindings: 1, releases: 1 });
  const { body } = await ask(url, 'GET', `/v1/projects?q=${nameNow()}`);
  expect((body.data as { deployments: { total: number } }[]).map((one) => one.deployments.total)).toEqual([
    1,
  ]);
}

describe.each(steps)('kill -9 at the step $name', ({ path }) => {
  it('before the upstream has done it: it is done once, by whoever starts next', async () => {
    const { url } = await killedAt(async () => {
      upstream.control.inject({ fault: { kind: 'hang' }, match: { method: 'POST', path } });
      await eventually('it is asked for', () => arrived(path));
    });
    await assertOnce(url);
  }, 90_000);

  it('after the upstream has done it, before that is written down: it is found, and not done again', async () => {
    const blocker = new pg.Client(database.config);
    await blocker.connect();
    const { url, key, input } = await killedAt(async () => {
      upstream.control.inject({
        fault: { kind: 'latency', ms: 400 },
        match: { method: 'POST', path },
        times: 1,
      });
      await eventually('it is asked for', () => arrived(path));
      await blocker.query('BEGIN; LOCK TABLE operation_step IN EXCLUSIVE MODE');
      await eventually('it is done', async () => {
        const { applications, bindings, releases } = await counted();
        return [applications, bindings, releases][steps.findIndex((one) => one.path === path)] === 1;
      });
    }).finally(() => blocker.end());
    await assertOnce(url);
    // Whoever asks again with the same key hears of the same operation.
    const again = await ask(url, 'POST', '/v1/projects', input, key);
    expect(again.status).toBeLessThan(300);
    expect(await counted()).toEqual({ applications: 1, bindings: 1, releases: 1 });
  }, 90_000);
});
