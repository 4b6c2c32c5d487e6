import { connect } from 'node:net';
import { ErrorBody, type ErrorCode, encodeId, errorStatus } from '@fleetgate/model';
import { z } from 'zod';
import { type Answer, type Ask, everyPlatform, type Stack, startStack } from './stack.ts';
import { listOf } from './walking.ts';

const strictError = z.strictObject({
  error: z.strictObject({
    ...ErrorBody.shape.error.shape,
    details: z.array(z.strictObject({ field: z.string(), message: z.string().min(1) })),
  }),
  requestId: z.string(),
});

let stack: Stack;
/** real ids, to be misused */
let cluster: string;
let project: string;
beforeAll(async () => {
  const few = ['chime', 'fm-west', 'palette-eu'];
  stack = await startStack(everyPlatform.filter(({ slug }) => few.includes(slug)));
  await stack.reach('fresh');
  const [clusters, projects] = [await stack.ask('/v1/clusters'), await stack.ask('/v1/projects')];
  cluster = listOf(clusters).data[0]?.id as string;
  project = listOf(projects).data[0]?.id as string;
});
afterAll(() => stack?.close());

/** The one shape of a refusal; returns the fields that it names. */
function refusalOf(answer: Answer, code: ErrorCode): string[] {
  const { error } = ErrorBody.safeParse(answer.body).data ?? { error: undefined };
  expect({ status: answer.status, code: error?.code, body: answer.text }).toEqual({
    status: errorStatus[code],
    code,
    body: answer.text,
  });
  const { requestId, error: facts } = strictError.parse(answer.body);
  expect(facts.status).toBe(answer.status);
  expect(requestId).toBe(answer.headers['x-request-id']);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  expect(answer.text).not.toMatch(/node_modules|\.ts:|at .*\(/);
  return facts.details.map(({ field }) => field);
}

const encoded = encodeURIComponent;

describe('a parameter of a list that is wrong is named', () => {
  const wrong: [query: string, ...fields: string[]][] = [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=', 'limit'],
    ['limit=%2010', 'limit'],
    ['limit=10&limit=20', 'limit'],
    ['limit=99999999999999999999', 'limit'],
    ['limit=%D9%A1%D9%A0', 'limit'], // 10 in Arabic digits
    ['page=0', 'page'],
    ['page=x', 'page'],
    ['page=-1', 'page'],
    ['page=1.0', 'page'],
    ['page=10000001', 'page'],
    ['page=1&page=2', 'page'],
    ['page=1&cursor=abc', 'page'],
    ['cursor=', 'cursor'],
    ['cursor=abc', 'cursor'],
    ['cursor=%00', 'cursor'],
    ['cursor=abc&cursor=def', 'cursor'],
    [`cursor=${'A'.repeat(8193)}`, 'cursor'],
    [`cursor=${'A'.repeat(200)}`, 'cursor'],
    ['sort=', 'sort'],
    ['sort=status', 'sort'],
    ['sort=%2Bname', 'sort'],
    ['sort=--name', 'sort'],
    ['sort=name,id', 'sort'],
    ["sort=name'; DROP TABLE resource", 'sort'],
    ['sort=name&sort=id', 'sort'],
    ['status=', 'status'],
    ['status=Healthy', 'status'],
    ['status=success', 'status'], // a word of deployments
    ['status=healthy,degraded', 'status'],
    ['q=', 'q'],
    [`q=${'x'.repeat(201)}`, 'q'],
    ['q=a&q=b', 'q'],
    ['label=', 'label.0'],
    ['label=nocolon', 'label.0'],
    ['label=:value', 'label.0'],
    ['label=a:b&label=bad', 'label.1'],
    [Array(21).fill('label=a:b').join('&'), 'label'],
    ['team=', 'team'],
    ['connection=nope', 'connection'],
    ['connection=', 'connection'],
    ['connection=..%2F..', 'connection'],
    ['connection=chime&connection=fm-west', 'connection'],
    ['provider=nope', 'provider'],
    ['provider=Palette', 'provider'],
    ['project=x', 'project'],
    ['updated_since=yesterday', 'updated_since'],
    ['updated_since=2026-13-01', 'updated_since'],
    ['updated_since=2026-02-30', 'updated_since'],
    ['updated_since=2026-01-01T10:00:00', 'updated_since'], // whose time?
    ['updated_since=0000-01-01T00:00:00Z', 'updated_since'],
    ['updated_since=0001-01-01T00:00:00%2B14:00', 'updated_since'],
    ['updated_since=9999-12-31T23:59:59-14:00', 'updated_since'],
    ['updated_since=%2B012026-01-01', 'updated_since'],
    ['updated_since=1767225600', 'updated_since'],
    ['include=all', 'include'],
    ['include=native&include=native', 'include'],
    ['require=nope', 'require'],
    ['require=,', 'require'],
    ['max_stale=-1', 'max_stale'],
    ['max_stale=86401', 'max_stale'],
    ['max_stale=soon', 'max_stale'],
    ['cached=1', 'cached'],
    ['cluster=x', 'cluster'], // known to deployments, not to clusters
    ['colour=blue', 'colour'],
    ['Limit=5', 'Limit'],
    ['limit[]=5', 'limit[]'],
    ['colour=blue&limit=0&sort=x', 'colour', 'limit', 'sort'],
  ];
  it.each(wrong)('%s', async (query, ...fields) => {
    const answer = await stack.ask(`/v1/clusters?${query.replaceAll(' ', '%20')}`);
    expect(refusalOf(answer, 'validation_error').sort()).toEqual(fields);
  });

  it('and one that the path gives already', async () => {
    const nested = await stack.ask(`/v1/projects/${project}/deployments?project=${project}`);
    expect(refusalOf(nested, 'validation_error')).toEqual(['project']);
  });

  it('of one resource, and where none is taken', async () => {
    for (const [path, field] of [
      [`/v1/clusters/${cluster}?limit=1`, 'limit'],
      [`/v1/clusters/${cluster}?max_stale=x`, 'max_stale'],
      [`/v1/clusters/${cluster}?max_stale=0.5`, 'max_stale'],
      [`/v1/clusters/${cluster}?cached=yes`, 'cached'],
      [`/v1/clusters/${cluster}?include=x`, 'include'],
      ['/v1/providers?sort=id', 'sort'],
      ['/v1/providers?limit=101', 'limit'],
      ['/v1/providers/palette?x=1', 'x'],
      ['/v1/connections?page=0', 'page'],
      ['/v1/connections/chime?x=1', 'x'],
    ] as const) {
      expect(refusalOf(await stack.ask(path), 'validation_error')).toEqual([field]);
    }
  });
});

describe('text that is odd but well-formed is only text', () => {
  it.each([
    `q=${encoded('\0')}`,
    `q=${encoded('naïve ☃ 🚢 \u202e')}`,
    'q=%ED%A0%80', // half a surrogate pair, which is no UTF-8
    'q=%',
    `q=${encoded("' OR 1=1 --")}`,
    `q=${encoded('%_\\')}`,
    `team=${encoded('\0')}`,
    `label=${encoded('\0:\0')}`,
    `label=${encoded('🚢:☃')}`,
    `label=${encoded(`a:${'x'.repeat(1024)}`)}`,
    'label=a:',
    'label=a:b:c',
  ])('%s', async (query) => {
    const answer = await stack.ask(`/v1/clusters?${query}`);
    expect(listOf(answer)).toMatchObject({ data: [], pagination: { total: 0, pages: 0, next_cursor: null } });
  });
});

describe('a cursor', () => {
  const cursorOf = async (path: string) => listOf(await stack.ask(path)).pagination.next_cursor as string;

  it('is good for its own list, filters, sort and form only', async () => {
    const cursor = encoded(await cursorOf('/v1/clusters?limit=5'));
    for (const path of [
      '/v1/projects?limit=5',
      '/v1/clusters?limit=5&sort=-name',
      '/v1/clusters?limit=5&q=a',
      '/v1/clusters?limit=5&status=healthy',
      '/v1/clusters?limit=5&connection=fm-west',
      '/v1/clusters?limit=5&include=native',
    ]) {
      const answer = await stack.ask(`${path}&cursor=${cursor}`);
      expect(refusalOf(answer, 'validation_error')).toEqual(['cursor']);
    }
    expect((await stack.ask(`/v1/clusters?limit=7&cursor=${cursor}`)).status).toBe(200);
  });

  it('is refused when a single character of it was changed', async () => {
    const cursor = await cursorOf('/v1/clusters?limit=5');
    for (let at = 0; at < cursor.length - 1; at += 11) {
      const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
      const answer = await stack.ask(`/v1/clusters?limit=5&cursor=${encoded(changed)}`);
      expect(refusalOf(answer, 'validation_error')).toEqual(['cursor']);
    }
    const cut = await stack.ask(`/v1/clusters?limit=5&cursor=${encoded(cursor.slice(0, -4))}`);
    expect(refusalOf(cut, 'validation_error')).toEqual(['cursor']);
  });

  it('of another gateway is refused', async () => {
    const other = await startStack([{ slug: 'chime', upstream: 'chimestack' }]);
    try {
      await other.reach('fresh');
      const { pagination } = listOf(await other.ask('/v1/clusters?limit=5'));
      const answer = await stack.ask(
        `/v1/clusters?limit=5&connection=chime&cursor=${encoded(pagination.next_cursor as string)}`,
      );
      expect(refusalOf(answer, 'validation_error')).toEqual(['cursor']);
    } finally {
      await other.close();
    }
  });
});

describe('an id that names nothing here is 404', () => {
  const uuid = '6ffa2b39-4a6c-4b0b-a27e-76f8bc0b3a6c';
  const strange = [
    ['..'],
    ['.'],
    ['a/b'],
    ['?x=1'],
    ['#'],
    ['\n'],
    ['\0'],
    ['ü☃'],
    ['..', '..'],
    ['a', 'b', 'c', 'd'],
  ];

  it('of another gateway, of another kind, cut short, made up', async () => {
    for (const id of [
      encodeId('cluster', 'elsewhere', [uuid]),
      encodeId('cluster', 'fm-west', [uuid]),
      project,
      cluster.slice(0, -1),
      `${cluster}A`,
      `${cluster}=`,
      cluster.toUpperCase(),
      'cluster_',
      'cluster_!',
      'x',
      '%00',
      '%F0%9F%9A%A2',
      '..%2F..%2Fetc',
      'x'.repeat(2900),
      'x'.repeat(4000),
    ]) {
      for (const path of [
        `/v1/clusters/${id}`,
        `/v1/clusters/${id}?max_stale=0`,
        `/v1/clusters/${id}?cached=true`,
      ]) {
        refusalOf(await stack.ask(path), 'not_found');
      }
    }
  });

  it.each(['fm-west', 'palette-eu', 'chime'])('%s: whatever stands in its key', async (slug) => {
    for (const key of [...strange, [uuid], [uuid, uuid]]) {
      for (const [kind, path] of [
        ['cluster', 'clusters'],
        ['project', 'projects'],
        ['deployment', 'deployments'],
        ['release', 'releases'],
        ['cluster_group', 'cluster-groups'],
      ] as const) {
        refusalOf(await stack.ask(`/v1/${path}/${encodeId(kind, slug, key)}`), 'not_found');
      }
    }
  });

  it('for what is listed under it as well', async () => {
    const paths = [
      `/v1/projects/${encodeId('project', 'fm-west', [uuid])}/deployments`,
      `/v1/projects/${encodeId('project', 'elsewhere', [uuid])}/deployments`,
      `/v1/projects/${cluster}/deployments`,
      `/v1/clusters/${encodeId('cluster', 'fm-west', [uuid])}/deployments`,
      `/v1/deployments/${encodeId('deployment', 'fm-west', [uuid])}/releases`,
      '/v1/deployments/x/releases',
      '/v1/connections/elsewhere',
      '/v1/connections/CHIME',
      '/v1/providers/elsewhere',
    ];
    for (const path of paths) refusalOf(await stack.ask(path), 'not_found');
    refusalOf(await stack.ask('/v1/connections/elsewhere/sync', { method: 'POST' }), 'not_found');
    refusalOf(await stack.ask('/v1/connections/elsewhere/test', { method: 'POST' }), 'not_found');
  });
});

describe('what a platform has not', () => {
  it('is 501, naming the capability and the connection', async () => {
    const chimeCluster = listOf(await stack.ask('/v1/clusters?connection=chime')).data[0]?.id;
    for (const [path, capability] of [
      ['/v1/projects?connection=chime', 'projects.list'],
      ['/v1/deployments?connection=chime', 'deployments.list'],
      ['/v1/cluster-groups?connection=chime', 'clusterGroups.list'],
      [`/v1/clusters/${chimeCluster}/deployments`, 'deployments.list'],
    ] as const) {
      const answer = await stack.ask(path);
      expect(refusalOf(answer, 'unsupported_by_provider')).toEqual(['capability']);
      expect(answer.body).toMatchObject({
        error: {
          details: [{ message: capability }],
          source: { connection: 'chime', provider: 'chimestack', upstream_status: null },
        },
      });
    }
  });
});

describe('a path or method that is not there', () => {
  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/nope',
    '/v2/clusters',
    '/V1/clusters',
    '/v1//clusters',
    '/v1/clusters/a/b',
    '/docs/nope',
    '/v1/releases',
  ])('%s is 404', async (path) => {
    refusalOf(await stack.ask(path), 'not_found');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'])(
    '%s is 405 where only GET is, and Allow tells',
    async (method) => {
      for (const path of [
        '/v1/cluster-groups',
        '/v1/cluster-groups/',
        '/v1/cluster-groups/x',
        '/v1/health',
        '/openapi.json',
      ]) {
        const answer = await stack.ask(path, { method });
        refusalOf(answer, 'method_not_allowed');
        expect(answer.headers['allow']).toBe('GET, HEAD');
      }
    },
  );

  it('GET is 405 where only POST is', async () => {
    const answer = await stack.ask('/v1/connections/chime/sync');
    refusalOf(answer, 'method_not_allowed');
    expect(answer.headers['allow']).toBe('POST');
  });

  it.each(['/v1/clusters/%ZZ', '/v1/clusters/%E0%A4%A', '/%'])('%s is no path at all: 400', async (path) => {
    refusalOf(await stack.ask(path), 'bad_request');
  });
});

describe('a body', () => {
  const post = (body: Ask['body'], type?: string) =>
    stack.ask('/v1/connections/chime/test', {
      method: 'POST',
      ...(body === undefined ? {} : { body }),
      headers: type === undefined ? {} : { 'content-type': type },
    });
  const json = 'application/json';

  it.each(['{', '{"a":1,}', 'null x', '', '\0', '{"__proto__":{"x":1}}', '[1', '{"a":"\ud800'])(
    'that is not JSON is 400: %j',
    async (body) => {
      refusalOf(await post(Buffer.from(body), json), 'bad_request');
    },
  );

  it('that is nested too deep is 400, with an Idempotency-Key too, however deep', async () => {
    const deployment = (depth: number) =>
      stack.ask('/v1/deployments', {
        method: 'POST',
        body: `{"name":"a","spec":${'['.repeat(depth)}${']'.repeat(depth)}}`,
        headers: { 'content-type': json, 'idempotency-key': `deep-${depth}` },
      });
    for (const depth of [100, 5_000, 200_000]) {
      const answer = await deployment(depth);
      refusalOf(answer, 'bad_request');
      expect(answer.body).toMatchObject({ error: { message: 'the body is nested deeper than 100 levels' } });
    }
    refusalOf(await deployment(99), 'validation_error');
  });

  it('of another type is 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'multipart/form-data',
      ';;;',
    ]) {
      refusalOf(await post('a=1', type), 'unsupported_media_type');
    }
  });

  it('over 1 MiB is 413, with and without its length told', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(2 * 2 ** 20) });
    refusalOf(await post(large, json), 'payload_too_large');
    expect((await stack.ask('/v1/health')).status).toBe(200);
  });

  it('where none is taken is 422 and named', async () => {
    expect(refusalOf(await post('{"a":1,"b":2}', json), 'validation_error')).toEqual(['a', 'b']);
    expect(refusalOf(await post('[]', json), 'validation_error')).toEqual(['body']);
    expect(refusalOf(await post('"x"', json), 'validation_error')).toEqual(['body']);
    expect((await post('{}', json)).status).toBe(200);
    expect((await post(undefined)).status).toBe(200);
    const sync = { method: 'POST', body: '{"confirm":true}', headers: { 'content-type': json } };
    expect(refusalOf(await stack.ask('/v1/connections/chime/sync', sync), 'validation_error')).toEqual([
      'confirm',
    ]);
    const query = await stack.ask('/v1/connections/chime/sync?confirm=yes', { method: 'POST' });
    expect(refusalOf(query, 'validation_error')).toEqual(['confirm']);
    const test = await stack.ask('/v1/connections/chime/test?x=1', { method: 'POST' });
    expect(refusalOf(test, 'validation_error')).toEqual(['x']);
  });
});

describe('credentials', () => {
  const everything = [
    '/v1/clusters',
    '/v1/projects/x',
    '/v1/providers',
    '/v1/providers/palette',
    '/v1/connections',
  ];

  it.each([
    null,
    '',
    'Bearer',
    'Bearer ',
    'Basic cm9vdDpyb290',
    'Bearer wrong',
    'Bearer two words',
    `Bearer ${'x'.repeat(5000)}`,
    'Bearer wr\u00f6ng',
  ])('%j are refused with 401 and a challenge', async (authorization) => {
    for (const path of everything) {
      const headers: Record<string, string> = authorization === null ? {} : { authorization };
      const answer = await stack.ask(path, { key: null, headers });
      expect(refusalOf(answer, 'unauthorized')).toEqual([]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="fleetgate"/);
    }
  });

  it('are asked for however the path is spelled', async () => {
    for (const path of [
      '/%761/providers',
      '/v1%2Fproviders',
      '/%76%31/clusters',
      '/v1/pr%6Fviders',
      '/v1/providers/',
    ]) {
      const answer = await stack.ask(path, { key: null });
      expect([401, 404]).toContain(answer.status);
    }
    const absolute = await raw('GET http://x/v1/providers HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(absolute).toMatch(/^HTTP\/1\.1 401 /);
    const cut = stack.rootKey.slice(0, -1);
    refusalOf(await stack.ask('/v1/providers', { key: cut }), 'unauthorized');
    refusalOf(await stack.ask('/v1/providers', { key: `${stack.rootKey}x` }), 'unauthorized');
    refusalOf(await stack.ask('/v1/providers', { key: stack.rootKey.toUpperCase() }), 'unauthorized');
  });

  it('that were good once do not open a ready answer to anybody else', async () => {
    expect((await stack.ask('/v1/clusters')).status).toBe(200);
    expect((await stack.ask('/v1/clusters')).status).toBe(200);
    refusalOf(await stack.ask('/v1/clusters', { key: null }), 'unauthorized');
    refusalOf(await stack.ask('/v1/clusters', { key: 'another-key-altogether' }), 'unauthorized');
  });
});

describe('headers', () => {
  it.each([
    'short',
    'x'.repeat(129),
    'with space',
    'a"b"c"d"e',
    '<script>alert(1)</script>',
    'a,b,c,d,e,f',
    '../../../../etc',
  ])('X-Request-Id %j is replaced, not repeated', async (requestId) => {
    for (const path of [
      '/v1/clusters',
      '/v1/clusters',
      '/v1/clusters?limit=0',
      '/v1/nope',
      `/v1/clusters/${cluster}`,
    ]) {
      const answer = await stack.ask(path, { headers: { 'x-request-id': requestId } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect(answer.text).not.toContain(requestId);
    }
  });

  it('Accept: application/problem+json gets the same facts as RFC 9457 has them', async () => {
    for (const [path, ask, code] of [
      ['/v1/clusters?limit=0', {}, 'validation_error'],
      ['/v1/clusters', { key: null }, 'unauthorized'],
      ['/v1/nope', {}, 'not_found'],
      ['/v1/clusters', { method: 'DELETE' }, 'method_not_allowed'],
      ['/v1/clusters/%ZZ', {}, 'bad_request'],
    ] as const) {
      const answer = await stack.ask(path, { ...ask, headers: { accept: 'application/problem+json' } });
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(answer.body).toMatchObject({
        type: 'about:blank',
        status: answer.status,
        code,
        detail: expect.any(String),
        requestId: answer.headers['x-request-id'],
      });
    }
  });
});

/** Sends bytes as they are; resolves to everything that came back until the server hung up. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(stack.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.setTimeout(5000, () => socket.destroy(new Error(`the connection stays open: ${answer}`)));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('what is not HTTP', () => {
  const key = () => `authorization: Bearer ${stack.rootKey}\r\n`;
  const cases: [string, () => string][] = [
    ['a TLS hello', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['HTTP/2 by prior knowledge', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method that nobody knows', () => 'FETCH /v1/health HTTP/1.1\r\nhost: x\r\n\r\n'],
    [
      'headers without end',
      () => `GET /v1/clusters HTTP/1.1\r\nhost: x\r\n${key()}x-big: ${'x'.repeat(40_000)}\r\n\r\n`,
    ],
    ['a URL without end', () => `GET /v1/clusters?q=${'x'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    [
      'a header inside a header',
      () => 'GET /v1/health HTTP/1.1\r\nhost: x\r\nx-request-id: abcdefgh\rset-cookie: a=b\r\n\r\n',
    ],
    [
      'two lengths of one body',
      () =>
        'POST /v1/connections/chime/test HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'a chunk without a size',
      () =>
        `POST /v1/connections/chime/test HTTP/1.1\r\nhost: x\r\n${key()}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ['nonsense', () => '\0\0\0\0\r\n\r\n'],
  ];

  it.each(cases)('%s: 400 in the envelope, and the connection is closed', async (_, bytes) => {
    const [head = '', body = ''] = (await raw(bytes())).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(head).toMatch(/\r\nconnection: close/i);
    const { error, requestId } = strictError.parse(JSON.parse(body));
    expect(error).toMatchObject({ code: 'bad_request', status: 400 });
    expect(head).toContain(`x-request-id: ${requestId}`);
    expect((await stack.ask('/v1/health')).status).toBe(200);
  });

  it('an expectation that nobody knows is passed over', async () => {
    const answer = await raw(
      'GET /v1/health HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('never takes the server down, nor anybody who is being served', async () => {
    const garbage = cases.map(([, bytes]) => raw(bytes()));
    const served = await Promise.all(Array.from({ length: 20 }, () => stack.ask('/v1/clusters?limit=100')));
    expect(served.every(({ status }) => status === 200)).toBe(true);
    await Promise.all(garbage);
  });
});

describe('after all of it', () => {
  it('nothing was unforeseen', () => {
    const grave = stack.log.filter((line) => [50, 60, 'error', 'fatal'].includes(JSON.parse(line).level));
    expect(grave).toEqual([]);
  });
});
