import type { Call, Journal } from '@fleetgate/provider-spec';
import {
  connectProvider,
  createTransport,
  dryRunJournal,
  memoryJournal,
  memoryTokens,
  newCall,
  systemClock,
  type Transport,
} from '../src/index.ts';
import { json, startUpstream, type Upstream } from './upstream.ts';
import { VirtualClock } from './virtual-clock.ts';
import { writingProvider } from './writing-provider.ts';

let upstream: Upstream;
let transport: Transport;
beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { id: 'p1' }, 201));
  transport = createTransport();
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

const stamp = `fg-${'a'.repeat(26)}`;
const journal = () => memoryJournal({ stamp, clock: systemClock });
const call = (one: Journal = journal(), signal: AbortSignal = new AbortController().signal): Call => ({
  ...newCall({ requestId: 'req-12345678', signal, random: Math.random }),
  journal: one,
});

type Options = Partial<Pick<Parameters<typeof connectProvider>[0], 'clock' | 'deadlines'>>;
function connect(options: Options = {}, limits = { concurrency: 8 }) {
  const { projects } = connectProvider({
    connection: 'writing-1',
    definition: writingProvider(limits),
    settings: { url: upstream.url },
    transport,
    clock: systemClock,
    random: () => 0,
    tokens: memoryTokens(systemClock),
    ...options,
  });
  return projects as Required<NonNullable<typeof projects>>;
}

const value = { name: 'shop' };
const asked = () => upstream.asked.map(({ method, url }) => `${method} ${url}`);
const created = ['POST /login', 'POST /search', 'POST /projects', 'POST /projects/p1/deployments'];

describe('a write', () => {
  it('belongs to its caller alone: equal ones at once are each made', async () => {
    const { create } = connect();
    await Promise.all([create({ value }, call()), create({ value }, call())]);
    expect(asked().sort()).toEqual([...created, ...created].sort());
  });

  it.each([502, 503, 504, 429])('that is answered with %i is not sent again', async (status) => {
    upstream.answer = ({ url }, response) => json(response, { id: 'p1' }, url === '/projects' ? status : 201);
    await expect(connect().create({ value }, call())).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(asked()).toEqual(created.slice(0, 3));
  });

  it('that is cut off is not sent again', async () => {
    upstream.answer = ({ url, socket }, response) => {
      if (url === '/projects') socket.destroy();
      else json(response, { id: 'p1' });
    };
    const one = journal();
    const { create } = connect();
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(create({ value }, call(one))).rejects.toMatchObject({ code: 'outcome_unknown' });
    }
    expect(asked().filter((request) => request === 'POST /projects')).toHaveLength(1);
    expect(one.steps.get('project')?.state).toBe('begun');
  });

  it('repeats what may be repeated within it', async () => {
    let searches = 0;
    upstream.answer = ({ url }, response) => {
      if (url === '/search') searches += 1;
      json(response, { id: 'p1' }, url === '/search' && searches < 3 ? 503 : 201);
    };
    await connect().create({ value }, call());
    expect(searches).toBe(3);
  });

  it('is taken up where it stood', async () => {
    const one = journal();
    upstream.answer = ({ url }, response) =>
      json(response, { id: 'p1' }, url?.endsWith('/deployments') ? 409 : 201);
    await expect(connect().create({ value }, call(one))).rejects.toMatchObject({ code: 'conflict' });
    expect([...one.steps]).toMatchObject([['project', { state: 'done', result: 'p1' }]]);
    upstream.asked.length = 0;
    upstream.answer = (_, response) => json(response, { id: 'd1' });
    await connect().create({ value }, call(one));
    expect(asked()).toEqual(['POST /login', 'POST /search', 'POST /projects/p1/deployments']);
  });

  it('has a deadline of its own over all its steps', async () => {
    upstream.answer = ({ url }, response) => {
      if (url !== '/projects') json(response, { id: 'p1' });
    };
    const deadlines = { readMs: 60_000, listMs: 60_000, writeMs: 150 };
    await expect(connect({ deadlines }).create({ value }, call())).rejects.toMatchObject({
      code: 'timeout',
      message: 'writing-1 projects.create did not end within 150 ms',
    });
  });

  it('that still waits for its turn when its caller leaves was certainly not sent', async () => {
    const { create, remove } = connect({}, { concurrency: 1 });
    let free: () => void = () => undefined;
    upstream.answer = ({ method }, response) => {
      if (method === 'DELETE') free = () => json(response, {});
      else json(response, { id: 'p1' });
    };
    const first = remove({ key: ['p0'] }, call());
    const one = journal();
    const leaving = new AbortController();
    const second = create({ value }, call(one, leaving.signal));
    const ended = expect(second).rejects.toMatchObject({ code: 'unavailable' });
    leaving.abort();
    await ended;
    while (upstream.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    free();
    await first;
    expect([...one.steps]).toEqual([]);
    expect(asked()).toEqual(['DELETE /projects/p0']);
  });
});

describe('a dry run', () => {
  it('logs in and reads, and gathers what it would change, each request with what the one before is taken for', async () => {
    const dry = dryRunJournal(stamp);
    expect(await connect().create({ value }, call(dry))).toEqual({ key: ['new'] });
    expect(asked()).toEqual(created.slice(0, 2));
    expect(dry.requests).toEqual([
      {
        step: 'project',
        method: 'POST',
        url: `${upstream.url}/projects`,
        body: '{"name":"shop","password":"[redacted]"}',
      },
      {
        step: 'deployment',
        method: 'POST',
        url: `${upstream.url}/projects/new/deployments`,
        body: 'plain\ntoken: [redacted]',
      },
    ]);
  });

  it('sends no change either that is made in no step', async () => {
    const dry = dryRunJournal(stamp);
    await expect(connect().remove({ key: ['p0'] }, call(dry))).rejects.toThrow('a dry run sends nothing');
    expect(asked()).toEqual([]);
    expect(dry.requests).toMatchObject([{ step: 'no step', method: 'DELETE', body: null }]);
  });

  it('fails where the write would fail before anything is changed', async () => {
    upstream.answer = ({ url }, response) => json(response, {}, url === '/search' ? 409 : 200);
    const dry = dryRunJournal(stamp);
    await expect(connect().create({ value }, call(dry))).rejects.toMatchObject({ code: 'conflict' });
    expect(dry.requests).toEqual([]);
  });

  it('is one journal, and leaves the writes of others alone', async () => {
    const { create } = connect();
    await Promise.all([create({ value }, call(dryRunJournal(stamp))), create({ value }, call())]);
    expect(asked().filter((request) => request.startsWith('POST /projects'))).toEqual(created.slice(2));
  });
});

it('a request that cannot be made in time is not made, and the upstream’s pause is told', async () => {
  const clock = new VirtualClock();
  upstream.answer = (_, response) => {
    response.setHeader('retry-after', '30');
    json(response, {}, 429);
  };
  const { remove, create } = connect({ clock, deadlines: { writeMs: 10_000 } });
  await expect(remove({ key: ['p0'] }, call())).rejects.toMatchObject({ code: 'unexpected' });
  const one = journal();
  await expect(create({ value }, call(one))).rejects.toMatchObject({ code: 'rate_limited', sent: false });
  expect(asked()).toEqual(['DELETE /projects/p0']);
  expect([...one.steps]).toEqual([]);
});
