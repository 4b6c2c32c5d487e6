import { type Stack, startStack } from '../e2e/stack.ts';

const page = 'https://console.example.com';

describe('CORS', () => {
  let closed: Stack;
  let open: Stack;
  beforeAll(async () => {
    closed = await startStack([]);
    open = await startStack([{ slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 10 }], {
      corsOrigins: [page],
    });
    await open.reach('fresh');
  });
  afterAll(() => Promise.all([closed.close(), open.close()]));

  const allowed = 'access-control-allow-origin';
  const preflight = (stack: Stack, origin: string) =>
    stack.ask('/v1/clusters', {
      method: 'OPTIONS',
      key: null,
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });

  it('is off unless it is configured', async () => {
    expect((await preflight(closed, page)).headers[allowed]).toBeUndefined();
    for (const path of ['/v1/me', '/v1/health', '/openapi.json', '/v1/nothing']) {
      expect((await closed.ask(path, { headers: { origin: page } })).headers[allowed]).toBeUndefined();
    }
  });

  it('lets the pages of the configured origins ask, without credentials of the browser', async () => {
    const answer = await preflight(open, page);
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      [allowed]: page,
      'access-control-allow-methods': expect.stringContaining('PATCH'),
      'access-control-allow-headers': 'authorization',
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(answer.headers).toMatchObject({
      'x-request-id': expect.any(String),
      'x-ratelimit-reset': expect.stringMatching(/^\d+$/),
      ratelimit: expect.stringMatching(/^"open";r=/),
    });
    expect((await preflight(open, 'https://evil.example.com')).headers[allowed]).toBeUndefined();
  });

  it('lets them read every answer: ready, made, missing and refused', async () => {
    const from = { headers: { origin: page } };
    for (let round = 0; round < 3; round++) {
      const { status, headers } = await open.ask('/v1/clusters?limit=1', from);
      expect([status, headers[allowed], headers['access-control-expose-headers']]).toEqual([
        200,
        page,
        expect.stringContaining('X-Request-Id'),
      ]);
      expect(String(headers['vary'])).toContain('Origin');
      expect((await open.ask('/v1/clusters?limit=1')).headers[allowed]).toBeUndefined();
    }
    expect((await open.ask('/v1/clusters/none', from)).headers[allowed]).toBe(page);
    const refused = await open.ask('/v1/me', { ...from, key: null });
    expect([refused.status, refused.headers[allowed]]).toEqual([401, page]);
  });

  it('makes no route of what is none', async () => {
    expect((await open.ask('/v1/nothing')).status).toBe(404);
    expect((await open.ask('/v1/clusters', { method: 'DELETE' })).headers['allow']).toBe('GET, HEAD, POST');
  });
});

describe('the headers for browsers', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack([{ slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 10 }]);
    await stack.reach('fresh');
  });
  afterAll(() => stack.close());

  it('keep them from guessing what an answer is, wherever it comes from', async () => {
    for (let round = 0; round < 3; round++) {
      const { headers } = await stack.ask('/v1/clusters');
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    for (const path of [
      '/v1/me',
      '/v1/nothing',
      '/v1/clusters/x',
      '/livez',
      '/docs',
      '/openapi.json',
      '/%',
    ]) {
      const { headers } = await stack.ask(path, { key: null });
      expect([path, headers['x-content-type-options']]).toEqual([path, 'nosniff']);
    }
  });

  it('keep pages to themselves: no frames, no foreign scripts, no referrers', async () => {
    const { headers } = await stack.ask('/docs', { key: null });
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining("script-src 'self'"),
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringContaining('max-age='),
    });
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(headers['x-powered-by']).toBeUndefined();
  });
});
