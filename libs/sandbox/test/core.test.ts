import { createServer } from 'node:net';
import { worldEpoch } from '../src/core/clock.ts';
import { hexKeys, uuidKeys } from '../src/core/keys.ts';
import { Population } from '../src/core/population.ts';
import { Recorder } from '../src/core/recorder.ts';
import { startUpstream, type UpstreamName, upstreamNames } from '../src/index.ts';
import { call, fleetPage, fleetWalk, starter } from './calls.ts';

const { keep, stopAll } = starter();
afterEach(stopAll);

const start = (name: UpstreamName = 'fleet-manager', options: Parameters<typeof startUpstream>[1] = {}) =>
  keep(startUpstream(name, { frozen: true, ...options }));

describe('the virtual clock', () => {
  it('starts at 2026-01-01 when frozen, and then two walks are equal to the byte', async () => {
    const upstream = await start();
    expect(upstream.control.clock.now()).toBe(Date.UTC(2026, 0, 1));
    for (const path of ['/clusters?limit=200', '/deployments?limit=200', '/deployment-releases?limit=200']) {
      const first = await call(upstream, path);
      expect((await call(upstream, path)).text).toBe(first.text);
    }
  });

  it('runs with real time unless frozen, and can be stopped, pushed and set running again', async () => {
    let real = worldEpoch + 5000;
    const { control } = await start('fleet-manager', { frozen: false, now: () => real });
    expect(control.clock.now()).toBe(worldEpoch + 5000);
    real += 10;
    expect(control.clock.now()).toBe(worldEpoch + 5010);
    control.clock.freeze();
    real += 1000;
    control.clock.advance(90);
    expect(control.clock.now()).toBe(worldEpoch + 5100);
    control.clock.run();
    real += 1;
    expect(control.clock.now()).toBe(worldEpoch + 5101);
    expect(() => control.clock.advance(-1)).toThrow(RangeError);
  });

  it('carries releases from queued over running to an end, and never back', async () => {
    const upstream = await start();
    const order = ['Created', 'Pending', 'Running', 'ended'];
    const seen = new Map<string, number>();
    const passed = new Set<string>();
    let ends = 0;
    for (let minute = 0; minute < 40; minute += 1) {
      for (const row of await fleetWalk(upstream, '/deployment-releases')) {
        const id = String(row['id']);
        const rank = Math.max(0, order.indexOf(String(row['status'])));
        const place = order.includes(String(row['status'])) ? rank : 3;
        const before = seen.get(id);
        if (before !== undefined && place < before) throw new Error(`${id} went back to ${row['status']}`);
        if (before !== undefined && before < 3 && place === 3) ends += 1;
        seen.set(id, place);
        passed.add(order[place] ?? '');
      }
      upstream.control.clock.advance(20_000);
    }
    expect([...passed].sort()).toEqual([...order].sort());
    expect(ends).toBeGreaterThan(3);
    expect(upstream.control.size('release')).toBe(16);
  });

  it('lets some clusters degrade and recover within minutes, while the others stay as they are', async () => {
    const upstream = await start('fleet-manager', { scale: 200 });
    const states = new Map<string, Set<string>>();
    for (let minute = 0; minute < 32; minute += 1) {
      for (const row of await fleetWalk(upstream, '/clusters')) {
        const known = states.get(String(row['id'])) ?? new Set();
        states.set(String(row['id']), known.add(`${row['onlineStatus']} ${row['healthState']}`));
      }
      upstream.control.clock.advance(60_000);
    }
    const restless = [...states.values()].filter((known) => known.size > 1);
    expect(restless).toHaveLength(8); // every tenth of 80
    for (const known of restless)
      expect([...known]).toEqual(expect.arrayContaining(['online healthy', 'online warning']));
  });
});

describe('the seeded objects', () => {
  it('are the same for the same seed and scale after a restart, whenever that is, and others for another seed', async () => {
    const names = async (seed: string, now?: () => number) => {
      const upstream = await start('fleet-manager', { seed, ...(now === undefined ? {} : { now }) });
      const rows = await fleetWalk(upstream, '/clusters');
      return rows.map((row) => `${row['id']} ${row['name']} ${row['createdAt']}`);
    };
    const first = await names('one');
    expect(await names('one', () => worldEpoch + 200 * 86_400_000)).toEqual(first);
    const other = await names('two');
    expect(other).toHaveLength(first.length);
    expect(other.filter((name) => first.includes(name))).toEqual([]);
  });

  it('cost nothing to be there: a page at offset 90,000 of 100,000 builds that page and no more', () => {
    let built = 0;
    const population = new Population({
      clock: { now: () => worldEpoch },
      seed: 7,
      seeded: 100_000,
      keys: uuidKeys(7),
      build: (index) => {
        built += 1;
        return { index };
      },
    });
    expect(population.slice(90_000, 100).map(({ index }) => index)).toEqual(
      Array.from({ length: 100 }, (_, place) => 90_000 + place),
    );
    expect(built).toBe(100);
  });

  it('are served by the hundred thousand, at offset 90,000 as at 0', async () => {
    const upstream = await start('fleet-manager', { scale: 100_000 });
    upstream.control.add('cluster', 60_000);
    const page = await fleetPage(upstream, '/clusters?offset=90000&limit=200');
    expect(page.meta).toEqual({ offset: 90_000, limit: 200, total: 100_000 });
    expect(page.items).toHaveLength(200);
    const [row] = page.items;
    expect((await call(upstream, `/clusters/${row?.['id']}`)).body).toEqual(row);
  });

  it('can be added, removed and touched, and positions close up behind what is removed', () => {
    const keys = hexKeys(3, 24);
    const population = new Population({
      clock: { now: () => worldEpoch },
      seed: 3,
      seeded: 10,
      keys,
      build: (index) => ({ index, inner: { a: 1, b: 2 } }),
    });
    for (const index of [0, 3, 4, 9]) expect(population.remove(keys.keyOf(index))).toBe(true);
    expect(population.remove(keys.keyOf(3))).toBe(false);
    const [added] = population.add(1);
    expect(population.touch(added ?? '', { inner: { b: 3 } })).toBe(true);
    expect(population.slice(0, 99).map(({ index }) => index)).toEqual([1, 2, 5, 6, 7, 8, 10]);
    expect(population.slice(2, 2).map(({ index }) => index)).toEqual([5, 6]);
    expect(population.get(added ?? '')).toEqual({ index: 10, inner: { a: 1, b: 3 } });
    expect(population.size).toBe(7);
  });

  it('are walked by what was seen last without a gap, while some of them go', () => {
    const keys = hexKeys(7, 24);
    const population = new Population({
      clock: { now: () => worldEpoch },
      seed: 7,
      seeded: 6,
      keys,
      build: (index) => ({ index }),
    });
    expect([-1, 0, 3, 5, 99].map((index) => population.positionAfter(index))).toEqual([0, 1, 4, 6, 6]);
    for (const gone of [1, 3]) population.remove(keys.keyOf(gone));
    expect(population.indexes(population.positionAfter(1), 2)).toEqual([2, 4]);
    expect(population.indexes(population.positionAfter(3), 9)).toEqual([4, 5]);
  });

  it('have keys that tell whether they were ever issued', () => {
    for (const keys of [uuidKeys(11), hexKeys(11, 24), hexKeys(11, 16, 'proj_')]) {
      for (const value of [0, 1, 99_999, 2 ** 47]) expect(keys.valueOf(keys.keyOf(value))).toBe(value);
      const key = keys.keyOf(5);
      const forged = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
      expect(keys.valueOf(forged)).toBeUndefined();
      expect(keys.valueOf('')).toBeUndefined();
    }
    expect(uuidKeys(11).valueOf(uuidKeys(12).keyOf(5))).toBeUndefined();
    expect(uuidKeys(1).keyOf(1)).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('the record', () => {
  it('holds what came in, with its body and how it was answered, and nothing of the control endpoint', async () => {
    const upstream = await start();
    await call(upstream, '/clusters?limit=2&limit=3', { headers: { 'x-trace': 'abc' } });
    await call(upstream, '/clusters', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"x"}',
    });
    await fetch(`${upstream.origin}/_sandbox/faults`);
    expect(upstream.control.requests()).toEqual([
      expect.objectContaining({
        method: 'GET',
        path: '/api/v2/clusters',
        query: { limit: '3' },
        body: null,
        status: 200,
      }),
      expect.objectContaining({
        method: 'POST',
        path: '/api/v2/clusters',
        body: { name: 'x' },
        status: 404,
      }),
    ]);
    expect(upstream.control.requests()[0]?.headers).toMatchObject({
      'x-trace': 'abc',
      'api-key': 'fm_key_sandbox',
    });
    upstream.control.forget();
    expect(upstream.control.requests()).toEqual([]);
  });

  it('keeps the newest when it is full', () => {
    const recorder = new Recorder(3);
    for (let at = 1; at <= 5; at += 1) {
      recorder.record({ at, method: 'GET', path: '/', query: {}, headers: {}, body: null, status: 200 });
    }
    expect(recorder.requests().map(({ at }) => at)).toEqual([3, 4, 5]);
  });
});

describe('starting', () => {
  it('refuses a scale out of range and says EADDRINUSE for a taken port', async () => {
    await expect(startUpstream('palette', { scale: 9 })).rejects.toThrow('10 to 100000');
    const squatter = createServer();
    const port = await new Promise<number>((resolve) => {
      squatter.listen(0, '127.0.0.1', () => resolve((squatter.address() as { port: number }).port));
    });
    await expect(startUpstream('palette', { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    squatter.close();
  });

  it.each(upstreamNames)(
    '%s answers unknown paths, unreadable bodies and unknown methods in its own words',
    async (name) => {
      const upstream = await start(name);
      const json = { 'content-type': 'application/json' };
      for (const [path, init, status] of [
        ['/no/such/path', {}, 404],
        ['/no/such/path', { method: 'POST', headers: json, body: '{"half' }, 400],
        ['/%zz', {}, 400],
      ] as const) {
        const { status: got, headers, text } = await call(upstream, path, init);
        expect([path, got]).toEqual([path, status]);
        expect(headers.get('x-sandbox-bug')).toBeNull();
        expect(text).not.toContain('FST_');
      }
    },
  );
});
