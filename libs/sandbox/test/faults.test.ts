import { type Fault, startUpstream, type Upstream, type UpstreamName, upstreamNames } from '../src/index.ts';
import { call, fleetPage, fleetWalk, starter } from './calls.ts';

const { keep, stopAll } = starter();
afterEach(stopAll);

const start = (name: UpstreamName = 'fleet-manager') => keep(startUpstream(name, { frozen: true }));

const withFault = async (fault: Fault): Promise<Upstream> => {
  const upstream = await start();
  upstream.control.inject({ fault });
  return upstream;
};

const causeOf = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return `${cause?.code ?? ''} ${cause?.message ?? ''}`;
};

describe('faults', () => {
  it('latency: waits, then gives the normal answer', async () => {
    const upstream = await start();
    const { text } = await call(upstream, '/clusters');
    upstream.control.inject({ fault: { kind: 'latency', ms: 60 } });
    const began = performance.now();
    const late = await call(upstream, '/clusters');
    expect(performance.now() - began).toBeGreaterThan(50);
    expect(late.text).toBe(text);
  });

  it('hang: is recorded, never answered, and does not keep close() waiting', async () => {
    const upstream = await withFault({ kind: 'hang' });
    const hanging = call(upstream, '/clusters').then(
      () => 'answered',
      () => 'cut',
    );
    while (upstream.control.requests().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(upstream.control.requests()).toMatchObject([{ path: '/api/v2/clusters', status: null }]);
    await upstream.close();
    expect(await hanging).toBe('cut');
  });

  it('reset: the connection is reset before any byte', async () => {
    const upstream = await withFault({ kind: 'reset' });
    const error = await call(upstream, '/clusters').catch((thrown: unknown) => thrown);
    expect(causeOf(error)).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
  });

  it('half_body: promises the whole length and is cut after half', async () => {
    const upstream = await start();
    const { text } = await call(upstream, '/clusters');
    upstream.control.inject({ fault: { kind: 'half_body' } });
    const answer = await fetch(`${upstream.baseUrl}/clusters`, { headers: { 'api-key': 'fm_key_sandbox' } });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    let received = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of answer.body ?? []) received += chunk.length;
    };
    await expect(read()).rejects.toThrow();
    expect(received).toBe(Math.ceil(Buffer.byteLength(text) / 2));
  });

  it('hang_in_body: half of the bytes, and nothing more, until it goes away or close()', async () => {
    const upstream = await start();
    const { text } = await call(upstream, '/clusters');
    upstream.control.inject({ fault: { kind: 'hang_in_body' } });
    const answer = await fetch(`${upstream.baseUrl}/clusters`, { headers: { 'api-key': 'fm_key_sandbox' } });
    expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    const reader = answer.body?.getReader();
    let received = 0;
    while (received < Math.ceil(Buffer.byteLength(text) / 2)) {
      received += (await reader?.read())?.value?.length ?? 0;
    }
    const rest = reader?.read().then(
      () => 'more',
      () => 'cut',
    );
    expect(await Promise.race([rest, new Promise((resolve) => setTimeout(resolve, 60, 'nothing'))])).toBe(
      'nothing',
    );
    await upstream.close();
    expect(await rest).toBe('cut');
  });

  it('slow_drip: the normal answer, a byte at a time', async () => {
    const upstream = await start();
    const { text } = await call(upstream, '/clusters?limit=1');
    upstream.control.inject({ fault: { kind: 'slow_drip', ms: 1 } });
    const began = performance.now();
    expect((await call(upstream, '/clusters?limit=1')).text).toBe(text);
    expect(performance.now() - began).toBeGreaterThan(text.length * 0.9);
  });

  it('not_json: says JSON and is HTML', async () => {
    const { status, headers, body, text } = await call(await withFault({ kind: 'not_json' }), '/clusters');
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')]);
    expect(body).toBeUndefined();
    expect(text).toContain('<html>');
  });

  it('wrong_shape: valid JSON with the lists, or without any the values, of another type', async () => {
    const upstream = await start();
    const [first] = (await fleetPage(upstream, '/clusters')).items;
    upstream.control.inject({ fault: { kind: 'wrong_shape' } });
    expect((await call(upstream, '/clusters?limit=5')).body).toEqual({
      meta: { offset: 0, limit: 5, total: 24 },
      items: 5,
    });
    expect((await call(upstream, '/deployments')).body).toMatchObject({ items: 9 });
    expect((await call(upstream, `/clusters/${first?.['id']}`)).body).toMatchObject({
      updatesAvailableOptions: 'unexpected',
    });
    upstream.control.clear();
    const { applicationId } = (await fleetPage(upstream, '/deployments')).items[0] ?? {};
    upstream.control.inject({ fault: { kind: 'wrong_shape' } });
    const distorted = await call(upstream, `/deployment-applications/${applicationId}`);
    expect(distorted.body).toMatchObject({ id: { unexpected: true }, name: { unexpected: true } });
  });

  it('huge: valid JSON of exactly so many bytes', async () => {
    const upstream = await withFault({ kind: 'huge', bytes: 3_000_001 });
    const { status, text, body } = await call(upstream, '/clusters');
    expect([status, text.length]).toEqual([200, 3_000_001]);
    expect(body).toEqual({ items: expect.any(Array) });
  });

  it('status: any status, with the body of that upstream or one of your own, and headers', async () => {
    const upstream = await withFault({ kind: 'status', status: 503 });
    expect(await call(upstream, '/clusters')).toMatchObject({ status: 503, body: { statusCode: 503 } });
    upstream.control.clear();
    upstream.control.inject({
      fault: { kind: 'status', status: 418, body: 'short', headers: { 'x-pot': 'tea' } },
    });
    const own = await call(upstream, '/clusters');
    expect([own.status, own.text, own.headers.get('x-pot')]).toEqual([418, 'short', 'tea']);
  });

  it('rate_limited: 429 with Retry-After when told', async () => {
    const upstream = await start('app-platform');
    upstream.control.inject({ fault: { kind: 'rate_limited', retryAfterSeconds: 7 }, times: 1 });
    upstream.control.inject({ fault: { kind: 'rate_limited' } });
    const first = await call(upstream, '/projects');
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7']);
    expect(first.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect((await call(upstream, '/projects')).headers.get('retry-after')).toBeNull();
  });

  it('expired_token: refused as that upstream refuses', async () => {
    const fleet = await withFault({ kind: 'expired_token' });
    expect((await call(fleet, '/clusters')).body).toEqual({
      statusCode: 500,
      message: 'Internal server error',
    });
    const apps = await start('app-platform');
    apps.control.inject({ fault: { kind: 'expired_token' } });
    expect(await call(apps, '/projects')).toMatchObject({
      status: 401,
      body: { error: { code: 'unauthorized' } },
    });
  });

  it('page_drift: a walk by pages really misses a row, and its total says so from the second page on', async () => {
    const upstream = await start();
    const whole = await fleetWalk(upstream, '/clusters', 5);
    upstream.control.inject({ fault: { kind: 'page_drift' } });
    const drifted = await fleetWalk(upstream, '/clusters', 5);
    const ids = drifted.map(({ id }) => id);
    expect(new Set(ids).size).toBe(whole.length - 1);
    expect(whole.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([whole[5]?.['id']]);
    expect((await fleetPage(upstream, '/clusters?offset=5')).meta.total).toBe(whole.length - 1);
  });

  it('standing_cursor: the first page for ever, and no end in sight', async () => {
    const upstream = await withFault({ kind: 'standing_cursor' });
    const first = await fleetPage(upstream, '/clusters?limit=5');
    const far = await fleetPage(upstream, '/clusters?limit=5&offset=5000');
    expect(far.items).toEqual(first.items);
    expect(far.meta).toMatchObject({ offset: 5000, total: 5010 });
  });

  it('act on what matches, after letting some pass, so many times, the first rule first', async () => {
    const upstream = await start();
    const { control } = upstream;
    control.inject({
      fault: { kind: 'status', status: 503 },
      match: { path: '/clusters$' },
      skip: 1,
      times: 2,
    });
    control.inject({ fault: { kind: 'status', status: 418 }, match: { method: 'post' } });
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await call(upstream, '/clusters?limit=1')).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await call(upstream, '/cluster-groups')).status).toBe(200);
    expect((await call(upstream, '/cluster-groups', { method: 'POST' })).status).toBe(418);
    control.clear();
    expect((await call(upstream, '/cluster-groups', { method: 'POST' })).status).toBe(404);
  });

  it.each(upstreamNames)('act alike at %s, before it looks at the credentials', async (name) => {
    const upstream = await start(name);
    const probe = (init?: RequestInit) => fetch(`${upstream.baseUrl}/probe`, init);
    const act = (fault: Fault) => {
      upstream.control.clear();
      upstream.control.inject({ fault });
    };
    act({ kind: 'status', status: 502 });
    expect((await probe()).status).toBe(502);
    expect((await probe({ method: 'POST', body: '{}' })).status).toBe(502);
    act({ kind: 'rate_limited', retryAfterSeconds: 3 });
    expect((await probe()).headers.get('retry-after')).toBe('3');
    act({ kind: 'expired_token' });
    expect((await probe()).status).toBeGreaterThanOrEqual(401);
    act({ kind: 'not_json' });
    expect(await (await probe()).text()).toContain('<html>');
    act({ kind: 'huge', bytes: 70_000 });
    expect(await (await probe()).text()).toHaveLength(70_000);
    act({ kind: 'reset' });
    await expect(probe()).rejects.toThrow();
    act({ kind: 'half_body' });
    const half = await probe();
    await expect(half.text()).rejects.toThrow();
  });
});

describe('the control endpoint', () => {
  it('says what it is, and steers faults, clock, record and objects', async () => {
    const upstream = await start();
    const control = async (method: string, path: string, body?: unknown) => {
      const init =
        body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const answer = await fetch(`${upstream.origin}/_sandbox${path}`, { method, ...init });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
    };
    expect((await control('GET', '')).body).toMatchObject({
      upstream: 'fleet-manager',
      base_url: upstream.baseUrl,
      credentials: { apiKey: 'fm_key_sandbox' },
      virtual_time: '2026-01-01T00:00:00.000Z',
      objects: { cluster: 23, deployment: 9 },
    });

    const rule = { fault: { kind: 'status', status: 503 }, match: { path: '/clusters$' }, times: 1 };
    expect(await control('POST', '/faults', rule)).toEqual({ status: 201, body: rule });
    expect((await control('GET', '/faults')).body).toEqual({ faults: [rule] });
    expect((await call(upstream, '/clusters')).status).toBe(503);
    expect((await control('DELETE', '/faults')).status).toBe(204);

    expect((await control('POST', '/clock', { advance_ms: 60_000 })).body).toEqual({
      virtual_time: '2026-01-01T00:01:00.000Z',
    });
    expect((await control('GET', '/requests')).body.requests).toMatchObject([
      { path: '/api/v2/clusters', status: 503 },
    ]);
    expect((await control('DELETE', '/requests')).status).toBe(204);
    expect((await control('GET', '/requests')).body.requests).toEqual([]);
    expect((await control('POST', '/sessions/expire')).status).toBe(204);

    const made = await control('POST', '/objects', { kind: 'cluster', count: 2 });
    const [key] = made.body.keys;
    expect([made.status, made.body.keys.length, upstream.control.size('cluster')]).toEqual([201, 2, 25]);
    expect((await control('PATCH', `/objects/cluster/${key}`, { name: 'renamed' })).status).toBe(204);
    expect((await call(upstream, `/clusters/${key}`)).body).toMatchObject({ id: key, name: 'renamed' });
    expect((await control('DELETE', `/objects/cluster/${key}`)).status).toBe(204);
    expect((await control('DELETE', `/objects/cluster/${key}`)).status).toBe(404);
    expect(upstream.control.size('cluster')).toBe(24);
  });

  it('refuses what it does not understand and says why', async () => {
    const upstream = await start();
    const refused = async (path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${upstream.origin}/_sandbox${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return [answer.status, ((await answer.json()) as { error: string }).error];
    };
    for (const [path, body, words] of [
      ['/faults', { fault: { kind: 'flood' } }, 'fault.kind'],
      ['/faults', { fault: { kind: 'latency' } }, 'fault.ms'],
      ['/faults', { fault: { kind: 'status', status: 99 } }, 'fault.status'],
      ['/faults', { fault: { kind: 'hang', ms: 1 } }, '"ms"'],
      ['/faults', { fault: { kind: 'slow_drip', ms: 0 } }, 'fault.ms'],
      ['/faults', { fault: { kind: 'hang' }, match: { path: '(' } }, 'match.path'],
      ['/faults', { fault: { kind: 'hang' }, times: -1 }, 'times'],
      ['/clock', { back: 5 }, '"back"'],
      ['/clock', { advance_ms: -5 }, 'milliseconds'],
      ['/objects', { kind: 'planet' }, 'kind'],
      ['/objects', { kind: 'cluster', count: 0 }, 'count'],
    ] as const) {
      expect([path, ...(await refused(path, body))]).toEqual([path, 422, expect.stringContaining(words)]);
    }
  });
});
