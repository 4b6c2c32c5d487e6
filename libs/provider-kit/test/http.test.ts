import { Fault, type FaultCode } from '@fleetgate/model';
import { z } from 'zod';
import { createHttp, staticSession } from '../src/index.ts';
import { call, hostOf, json } from './fixtures.ts';

const Refusal = z.object({ code: z.string(), message: z.string() });
const readComplaint = (body: unknown) => Refusal.safeParse(body).data ?? {};
const secret = 'sk-very-secret';

function httpOver(answer: Parameters<typeof hostOf>[0]) {
  const host = hostOf(answer);
  const session = staticSession(secret, { authorization: `Bearer ${secret}` });
  const baseUrl = 'https://up.example/api';
  return { host, http: createHttp({ host, baseUrl, session, timeoutMs: 1000, readComplaint }) };
}

const failure = async (work: Promise<unknown>): Promise<Fault> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
};

describe('a request', () => {
  it('is built from escaped parts, so that a key cannot reach another path', async () => {
    const { host, http } = httpOver(() => json(200, {}));
    await http.request(
      { path: ['clusters', 'a/b?c#d é'], query: { limit: 5, skip: undefined }, answer: z.unknown() },
      call(),
    );
    expect(host.sent[0]).toMatchObject({
      method: 'GET',
      url: 'https://up.example/api/clusters/a%2Fb%3Fc%23d%20%C3%A9?limit=5',
      repeatable: true,
      headers: { accept: 'application/json', authorization: `Bearer ${secret}` },
    });
  });

  it.each(['.', '..', ''])('is not sent for a key of %j, which a URL would fold away', async (part) => {
    const { host, http } = httpOver(() => json(200, {}));
    const fault = await failure(http.request({ path: ['clusters', part], answer: z.unknown() }, call()));
    expect(fault.code).toBe('not_found');
    expect(host.sent).toHaveLength(0);
  });

  it('carries a body as JSON, and is not repeatable unless it says so', async () => {
    const { host, http } = httpOver(() => json(200, {}));
    const request = { method: 'POST', path: ['search'], body: { q: 1 }, answer: z.unknown() } as const;
    await http.request(request, call());
    await http.request({ ...request, repeatable: true }, call());
    expect(host.sent.map(({ repeatable }) => repeatable)).toEqual([false, true]);
    expect(host.sent[0]).toMatchObject({ body: '{"q":1}', headers: { 'content-type': 'application/json' } });
  });
});

it('a form goes out as a form', async () => {
  const { host, http } = httpOver(() => json(200, {}));
  const form = { grant_type: 'client_credentials', scope: 'fleet:read more' };
  await http.request({ method: 'POST', path: ['token'], form, answer: z.unknown() }, call());
  expect(host.sent[0]).toMatchObject({
    body: 'grant_type=client_credentials&scope=fleet%3Aread+more',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
});

describe('an answer that is no success', () => {
  const expected: [number, FaultCode][] = [
    [301, 'unexpected'],
    [400, 'invalid'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [405, 'unsupported'],
    [409, 'conflict'],
    [410, 'not_found'],
    [412, 'conflict'],
    [422, 'invalid'],
    [429, 'rate_limited'],
    [500, 'unexpected'],
    [503, 'unexpected'],
  ];
  it.each(expected)('of %i is the fault %s, with what the upstream said', async (status, code) => {
    const { http } = httpOver(() => json(status, { code: 'X1', message: 'because' }));
    const fault = await failure(http.request({ path: ['a'], answer: z.unknown() }, call()));
    expect(fault).toMatchObject({ code, upstream: { status, code: 'X1' } });
    expect(fault.message).toContain('because');
  });

  it.each([
    ['120', 120_000],
    ['Sun, 01 Mar 2026 00:00:30 GMT', 30_000],
    ['soon', undefined],
  ])('says how long to wait: Retry-After %j', async (header, expectedMs) => {
    const { http } = httpOver(() => json(429, {}, { 'retry-after': header }));
    const fault = await failure(http.request({ path: ['a'], answer: z.unknown() }, call()));
    expect(fault.retryAfterMs).toBe(expectedMs);
  });

  it('never repeats a secret that the upstream echoes, nor more than some words', async () => {
    const { http } = httpOver(() => json(400, { code: secret, message: `${secret} ${'x'.repeat(5000)}` }));
    const fault = await failure(http.request({ path: ['a'], answer: z.unknown() }, call()));
    expect(`${fault.message} ${JSON.stringify(fault.upstream)} ${fault.stack}`).not.toContain(secret);
    expect(fault.message.length).toBeLessThan(400);
  });

  it('names each field that was refused, without a secret and not without end', async () => {
    const details = [
      { field: 'name', message: `taken, ${secret}` },
      ...Array.from({ length: 200 }, (_, at) => ({ field: `f${at}`, message: 'x'.repeat(5000) })),
    ];
    const host = hostOf(() => json(400, {}));
    const session = staticSession(secret, {});
    const options = { host, baseUrl: 'https://up.example', session, timeoutMs: 1000 };
    const http = createHttp({ ...options, readComplaint: () => ({ details }) });
    const fault = await failure(http.request({ path: ['a'], answer: z.unknown() }, call()));
    expect(fault.details[0]).toEqual({ field: 'name', message: 'taken, [redacted]' });
    expect(JSON.stringify(fault.details).length).toBeLessThan(20_000);
  });
});

describe('an answer of text', () => {
  const asText = (text: string, status = 200) => {
    const { host, http } = httpOver(() => ({ status, headers: {}, text }));
    return { host, answer: http.text({ path: ['file'], maxLength: 20 }, call()) };
  };

  it('is given as it is, for credentials like any other', async () => {
    const { host, answer } = asText('kind: Config\n');
    await expect(answer).resolves.toBe('kind: Config\n');
    expect(host.sent[0]).toMatchObject({
      method: 'GET',
      repeatable: true,
      headers: { accept: '*/*', authorization: `Bearer ${secret}` },
    });
  });

  it.each([
    ['', 'nothing'],
    ['token: the-value-of-it', 'more than 20'],
  ])('that is empty or too long is unexpected, and not repeated: %j', async (text, words) => {
    const fault = await failure(asText(text).answer);
    expect(fault).toMatchObject({ code: 'unexpected', upstream: { status: 200 } });
    expect(fault.message).toContain(words);
    expect(`${fault.message} ${fault.stack}`).not.toContain('the-value');
  });

  it('that is no success is the fault that its status stands for', async () => {
    expect(await failure(asText('{"code":"X1","message":"no"}', 404).answer)).toMatchObject({
      code: 'not_found',
      upstream: { status: 404, code: 'X1' },
    });
  });
});

describe('an answer that breaks the contract', () => {
  it.each(['<html>', '', '{"items":'])('is unexpected: %j', async (text) => {
    const { http } = httpOver(() => ({ status: 200, headers: {}, text }));
    const fault = await failure(
      http.request({ path: ['a'], answer: z.object({ items: z.array(z.string()) }) }, call()),
    );
    expect(fault).toMatchObject({ code: 'unexpected', upstream: { status: 200 } });
  });

  it('is named by its field, without the value', async () => {
    const { http } = httpOver(() => json(200, { items: [{ id: 'the value' }] }));
    const answer = z.object({ items: z.array(z.object({ id: z.number() })) });
    const fault = await failure(http.request({ path: ['a'], answer }, call()));
    expect(fault.message).toContain('items.0.id');
    expect(fault.message).not.toContain('the value');
  });
});

it('a refused key that cannot be renewed is asked once, and the refusal tells why', async () => {
  const { host, http } = httpOver(() => json(401, { code: 'E401', message: 'who are you' }));
  const fault = await failure(http.request({ path: ['a'], answer: z.unknown() }, call()));
  expect(fault).toMatchObject({ code: 'unauthenticated', upstream: { status: 401, code: 'E401' } });
  expect(host.sent).toHaveLength(1);
});
