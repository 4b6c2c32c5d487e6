import { createHmac } from 'node:crypto';
import {
  decodeJwt,
  decodeProtectedHeader,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { ArtifactStore } from '../../src/oauth/artifact-store.ts';
import { eventually } from '../e2e/stack.ts';
import {
  authorizeUrl,
  back,
  type Client,
  codeFor,
  exchange,
  newProof,
  tokensFor,
  withCode,
  withRefresh,
} from './flow.ts';
import { type Gateways, startGateways } from './gateways.ts';

let gateways: Gateways;
/** what most of the tests use: a client with a secret, for reading and writing */
let board: Client;
let ada: { id: string; name: string; password: string };
beforeAll(async () => {
  gateways = await startGateways(2);
  ada = { name: 'ada', ...(await gateways.addUser('ada', { edge: 'admin' })) };
  board = await gateways.addClient({ name: 'Board', redirect_uris: [back], scopes: ['read', 'write'] });
});
afterAll(() => gateways?.close());

const signIn = (scope = 'read write') => tokensFor(gateways, { user: ada, client: board, scope });
const projects = async (token: string, on = 0) => (await gateways.ask('/v1/projects', { token }, on)).status;
/** Of a request that passes the scopes and fails on its body. */
const creates = async (token: string, on = 0) =>
  (await gateways.ask('/v1/projects', { token, json: { nonsense: 1 } }, on)).status;

describe('an access token', () => {
  it('is a JWT of RFC 9068 for the gateway itself', async () => {
    const { access_token: token, scope } = await signIn();
    expect(decodeProtectedHeader(token)).toMatchObject({
      typ: 'at+jwt',
      alg: 'ES256',
      kid: expect.any(String),
    });
    expect(decodeJwt(token)).toMatchObject({
      iss: gateways.url,
      aud: gateways.url,
      sub: ada.id,
      client_id: board.id,
      scope: 'read write',
      jti: expect.any(String),
    });
    expect(scope).toBe('read write');
  });

  it('may do what it was given and its user may, and no more', async () => {
    const { access_token: all } = await signIn();
    const { access_token: one } = await signIn('projects:read');
    expect([await projects(all), await creates(all)]).toEqual([200, 422]);
    expect([await projects(one), await creates(one)]).toEqual([200, 403]);
    expect((await gateways.ask('/v1/clusters', { token: one })).status).toBe(403);
    expect((await gateways.ask('/v1/oauth/clients', { token: all })).status).toBe(403);
  });

  it('loses what its user loses, on every replica, within five seconds', async () => {
    const bob = { name: 'bob', ...(await gateways.addUser('bob', { edge: 'developer' })) };
    const { access_token: token } = await tokensFor(gateways, {
      user: bob,
      client: board,
      scope: 'read write',
    });
    const both = async (what: (token: string, on: number) => Promise<number>) => [
      await what(token, 0),
      await what(token, 1),
    ];
    expect(await both(creates)).toEqual([422, 422]);
    await gateways.setRole(bob.id, 'edge', 'viewer');
    await eventually('a viewer creates nothing', async () => String(await both(creates)) === '403,403');
    expect(await both(projects)).toEqual([200, 200]);
    await gateways.setRole(bob.id, 'edge', null);
    await eventually('who has left sees nothing', async () => String(await both(projects)) === '403,403');
  });

  it('is looked up once on each replica, however often it is used', async () => {
    const { access_token: token } = await signIn();
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
    // Behind the back of the gateway, which is told of every change that it makes itself.
    await gateways.query(`DELETE FROM oauth_artifact WHERE model = 'AccessToken'`);
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
  });
});

describe('a token that somebody has made up', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: gateways.url,
    aud: gateways.url,
    sub: ada.id,
    client_id: board.id,
    scope: 'read write',
    jti: 'made-up',
    iat: now(),
    exp: now() + 300,
  });
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

  it('is 401 when it is unsigned, signed with a public key as secret, or with a key of ours that is none', async () => {
    const [key] = (await gateways.ask('/oauth/jwks')).body['keys'] as JWK[];
    const kid = key?.kid as string;
    const pem = await exportSPKI((await importJWK(key as JWK, 'ES256', { extractable: true })) as never);
    const confused = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid })}.${encoded(claims())}`;
    const { privateKey } = await generateKeyPair('ES256');
    const forged = (header: object) =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header }).sign(privateKey);
    for (const token of [
      `${encoded({ alg: 'none', typ: 'at+jwt', kid })}.${encoded(claims())}.`,
      `${confused}.${createHmac('sha256', pem).update(confused).digest('base64url')}`,
      await forged({ kid }),
      await forged({ kid: 'unknown' }),
      await forged({}),
      await forged({ kid, jwk: key }),
    ]) {
      const { status, headers, body } = await gateways.ask('/v1/projects', { token });
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
      expect(body['error']).toMatchObject({ code: 'unauthorized' });
    }
  });

  it('is 401 when it is an ID token, or of an issuer that nobody trusts', async () => {
    const { verifier, challenge } = newProof();
    const changes = { code_challenge: challenge };
    const code = await codeFor(gateways, { user: ada, client: board, scope: 'openid read', changes });
    const { id_token } = (await exchange(gateways, board, withCode(code, verifier))).body as {
      id_token: string;
    };
    expect(decodeJwt(id_token)).toMatchObject({ sub: ada.id, aud: board.id });
    expect(await projects(id_token)).toBe(401);
    const { privateKey } = await generateKeyPair('ES256');
    const other = new SignJWT({ ...claims(), iss: 'https://login.example.com' });
    expect(await projects(await other.setProtectedHeader({ alg: 'ES256' }).sign(privateKey))).toBe(401);
  });
});

describe('revocation', () => {
  it('ends a token at once on both replicas, and its refresh token too', async () => {
    const { access_token: token, refresh_token: refresh } = await signIn();
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
    const who = { client_id: board.id, client_secret: board.secret as string };
    const { status } = await gateways.ask('/oauth/revoke', { form: { ...who, token } });
    expect(status).toBe(200);
    expect(await projects(token, 0)).toBe(401);
    await eventually('the other replica knows', async () => (await projects(token, 1)) === 401);
    expect((await exchange(gateways, board, withRefresh(refresh))).body).toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('is refused to other clients, and is no news of tokens that are none of ours', async () => {
    const { access_token: token } = await signIn();
    const other = await gateways.addClient({ name: 'Other', scopes: ['read'] });
    const form = { client_id: other.id, client_secret: other.secret as string };
    await gateways.ask('/oauth/revoke', { form: { ...form, token } });
    expect(await projects(token)).toBe(200);
    const { privateKey } = await generateKeyPair('ES256');
    const foreign = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    expect((await gateways.ask('/oauth/revoke', { form: { ...form, token: foreign } })).status).toBe(200);
    expect((await gateways.ask('/oauth/introspect', { form: { ...form, token: foreign } })).body).toEqual({
      active: false,
    });
  });

  it('comes with the removal of the client', async () => {
    const client = await gateways.addClient({ name: 'Short-lived', scopes: ['read'] });
    const { body } = await exchange(gateways, client, { grant_type: 'client_credentials' });
    const token = body['access_token'] as string;
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
    const path = `/v1/oauth/clients/${client.id}`;
    expect((await gateways.ask(path, { method: 'DELETE', token: gateways.rootKey })).status).toBe(204);
    expect(await projects(token, 0)).toBe(401);
    await eventually('the other replica knows', async () => (await projects(token, 1)) === 401);
    expect((await exchange(gateways, client, { grant_type: 'client_credentials' })).status).toBe(401);
  });
});

describe('POST /v1/logout', () => {
  it('ends the token that it comes with, on both replicas', async () => {
    const { access_token: token, refresh_token: refresh } = await signIn();
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
    expect((await gateways.ask('/v1/logout', { method: 'POST', token }, 1)).status).toBe(204);
    for (const on of [0, 1])
      await eventually('it has ended', async () => (await projects(token, on)) === 401);
    expect((await exchange(gateways, board, withRefresh(refresh))).status).toBe(400);
  });
});

describe('introspection', () => {
  it('answers a client about its own tokens and its team’s, and nobody else', async () => {
    const { access_token: token } = await signIn();
    const same = await gateways.addClient({ name: 'Same team', scopes: ['read'] });
    const team = await gateways.addTeam('core');
    const foreign = await gateways.addClient({ name: 'Other team', scopes: ['read'], team });
    const asked = async ({ id, secret }: Client) => {
      const form = { client_id: id, client_secret: secret as string, token };
      return (await gateways.ask('/oauth/introspect', { form }, 1)).body;
    };
    expect(await asked(board)).toMatchObject({
      active: true,
      sub: ada.id,
      scope: 'read write',
      iss: gateways.url,
    });
    expect(await asked(same)).toMatchObject({ active: true });
    expect(await asked(foreign)).toEqual({ active: false });
    const nobody = await gateways.ask('/oauth/introspect', { form: { token } });
    expect(nobody.status).toBe(400);
    expect(nobody.body).toMatchObject({ error: 'invalid_request' });
  });
});

describe('a code', () => {
  it('is good once: the second use ends what the first has brought', async () => {
    const { verifier, challenge } = newProof();
    const code = await codeFor(gateways, {
      user: ada,
      client: board,
      changes: { code_challenge: challenge },
    });
    const { body } = await exchange(gateways, board, withCode(code, verifier));
    const token = body['access_token'] as string;
    expect(await projects(token)).toBe(200);
    const again = await exchange(gateways, board, withCode(code, verifier), 1);
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await eventually('the token has ended', async () => (await projects(token)) === 401);
    const refresh = body['refresh_token'] as string;
    expect((await exchange(gateways, board, withRefresh(refresh))).status).toBe(400);
  });

  it('is good for one of two that come at the same time, and then for neither', async () => {
    const { verifier, challenge } = newProof();
    const code = await codeFor(gateways, {
      user: ada,
      client: board,
      changes: { code_challenge: challenge },
    });
    const answers = await Promise.all(
      [0, 1, 0, 1].map((on) => exchange(gateways, board, withCode(code, verifier), on)),
    );
    const tokens = answers.flatMap(({ body }) => (body['access_token'] as string | undefined) ?? []);
    expect(tokens.length).toBeLessThan(2);
    for (const token of tokens) await eventually('it has ended', async () => (await projects(token)) === 401);
  });

  it('is nothing without the proof, with another, to another client, or for another address', async () => {
    const { verifier, challenge } = newProof();
    const other = await gateways.addClient({ name: 'Other', redirect_uris: [back], scopes: ['read'] });
    const attempt = async (client: Client, form: Record<string, string>) => {
      const code = await codeFor(gateways, {
        user: ada,
        client: board,
        changes: { code_challenge: challenge },
      });
      const { status, body } = await exchange(gateways, client, { ...withCode(code, verifier), ...form });
      expect({ status, error: body['error'] }).toEqual({ status: 400, error: 'invalid_grant' });
    };
    await attempt(board, { code_verifier: newProof().verifier });
    await attempt(board, { redirect_uri: `${back}/` });
    await attempt(other, {});
    const code = await codeFor(gateways, {
      user: ada,
      client: board,
      changes: { code_challenge: challenge },
    });
    const { code_verifier: _, ...without } = withCode(code, verifier);
    expect((await exchange(gateways, board, without)).status).toBe(400);
  });

  it('cannot be had without PKCE, or with a proof that is in plain sight', async () => {
    const path = (changes: Record<string, string | undefined>) =>
      authorizeUrl(gateways, board, changes).slice(gateways.url.length);
    for (const changes of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
    ]) {
      const { headers } = await gateways.ask(path(changes));
      expect(headers['location']).toMatch(/^https:\/\/board\.example\.com\/back\?error=invalid_request/);
    }
  });
});

describe('a refresh token', () => {
  it('is good once: the second use ends the whole family', async () => {
    const first = await signIn();
    const second = (await exchange(gateways, board, withRefresh(first.refresh_token))).body;
    const third = (await exchange(gateways, board, withRefresh(second['refresh_token'] as string), 1)).body;
    expect(await projects(third['access_token'] as string)).toBe(200);
    const stolen = await exchange(gateways, board, withRefresh(first.refresh_token));
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    for (const token of [first.access_token, second['access_token'], third['access_token']]) {
      await eventually('it has ended', async () => (await projects(token as string)) === 401);
    }
    const last = await exchange(gateways, board, withRefresh(third['refresh_token'] as string));
    expect(last.body).toMatchObject({ error: 'invalid_grant' });
  });

  it('brings no more than was allowed', async () => {
    const { refresh_token: refresh } = await signIn('projects:read');
    const more = await exchange(gateways, board, {
      ...withRefresh(refresh),
      scope: 'projects:read clusters:read',
    });
    expect(more).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    const less = await exchange(gateways, board, { ...withRefresh(refresh), scope: 'projects:read' });
    expect(less.body).toMatchObject({ scope: 'projects:read' });
  });

  it('is of one client', async () => {
    const { refresh_token: refresh } = await signIn();
    const other = await gateways.addClient({ name: 'Other', redirect_uris: [back], scopes: ['read'] });
    expect((await exchange(gateways, other, withRefresh(refresh))).body).toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('ends, with all that came from it, when its user is disabled or gets another password', async () => {
    const end: [string, (id: string) => Promise<unknown>][] = [
      [
        'carl',
        (id) =>
          gateways.ask(`/v1/users/${id}`, {
            method: 'PATCH',
            json: { disabled: true },
            token: gateways.rootKey,
          }),
      ],
      [
        'dora',
        async (id) => {
          const user = { user_name: 'dora', password: people.get(id) as string };
          const { body } = await gateways.ask('/v1/login', { json: user });
          const { token } = body['data'] as { token: string };
          const json = { current_password: user.password, new_password: 'another one, and longer' };
          return gateways.ask('/v1/me/password', { method: 'PUT', json, token });
        },
      ],
    ];
    const people = new Map<string, string>();
    for (const [name, ends] of end) {
      const { id, password } = await gateways.addUser(name, { edge: 'viewer' });
      people.set(id, password);
      const tokens = await tokensFor(gateways, { user: { name, password }, client: board });
      expect([await projects(tokens.access_token, 0), await projects(tokens.access_token, 1)]).toEqual([
        200, 200,
      ]);
      expect(await ends(id)).toMatchObject({ status: name === 'carl' ? 200 : 204 });
      for (const on of [0, 1]) {
        await eventually('it has ended', async () => (await projects(tokens.access_token, on)) === 401);
      }
      const refreshed = await exchange(gateways, board, withRefresh(tokens.refresh_token));
      expect(refreshed.body).toMatchObject({ error: 'invalid_grant' });
    }
  });
});

describe('a client', () => {
  it('gets what it was registered with when it asks for nothing, and never more', async () => {
    const client = await gateways.addClient({ name: 'Job', scopes: ['read'] });
    const ask = (scope?: string) =>
      exchange(gateways, client, { grant_type: 'client_credentials', ...(scope ? { scope } : {}) });
    expect((await ask()).body).toMatchObject({ scope: 'read', expires_in: 3600 });
    expect((await ask('clusters:read')).body).toMatchObject({ scope: 'clusters:read' });
    for (const scope of ['write', 'read projects:write', 'teams:admin']) {
      expect(await ask(scope)).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    }
    const foreign = await gateways.ask(
      authorizeUrl(gateways, board, { scope: 'teams:admin' }).slice(gateways.url.length),
    );
    expect(foreign.headers['location']).toMatch(/error=invalid_scope/);
  });

  it('acts for its team alone', async () => {
    const team = await gateways.addTeam('core');
    const client = await gateways.addClient({ name: 'Core', scopes: ['keys:admin'], team });
    const { body } = await exchange(gateways, client, { grant_type: 'client_credentials' });
    const listed = await gateways.ask('/v1/oauth/clients?limit=100', {
      token: body['access_token'] as string,
    });
    const teams = (listed.body['data'] as { team: { slug: string } }[]).map((one) => one.team.slug);
    expect(new Set(teams)).toEqual(new Set(['core']));
  });

  it('that is public needs no secret, and cannot have a token for itself', async () => {
    const app = await gateways.addClient({
      name: 'App',
      kind: 'public',
      redirect_uris: [back],
      scopes: ['read'],
    });
    expect(app.secret).toBeNull();
    const { access_token: token } = await tokensFor(gateways, { user: ada, client: app });
    expect(await projects(token)).toBe(200);
    expect((await exchange(gateways, app, { grant_type: 'client_credentials' })).status).toBe(400);
  });

  it('that is a page may call from the origin that it is sent back to, and from no other', async () => {
    const app = await gateways.addClient({
      name: 'Page',
      kind: 'public',
      redirect_uris: [back],
      scopes: ['read'],
    });
    const origin = 'https://board.example.com';
    const call = (client: Client, from: string) => {
      const who = `client_id=${client.id}&client_secret=${client.secret ?? ''}`;
      const form = `${who}&grant_type=refresh_token&refresh_token=none`;
      return gateways.ask('/oauth/token', { form, headers: { origin: from } });
    };
    const readable = ({ headers }: { headers: Record<string, unknown> }) =>
      headers['access-control-allow-origin'];
    expect(readable(await call(app, origin))).toBe(origin);
    expect(readable(await call(app, 'https://evil.example'))).toBeUndefined();
    expect(readable(await call(board, origin))).toBeUndefined();
    const preflight = { origin, 'access-control-request-method': 'POST' };
    const asked = await gateways.ask('/oauth/token', { method: 'OPTIONS', headers: preflight });
    expect({ status: asked.status, readable: readable(asked) }).toEqual({ status: 204, readable: origin });
    expect(asked.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('is not let in with another’s secret, without one, or with two ways at once', async () => {
    const other = await gateways.addClient({ name: 'Other', scopes: ['read'] });
    for (const secret of ['', other.secret, `${board.secret}x`, 'x'.repeat(10_000)]) {
      const answer = await exchange(gateways, { id: board.id, secret }, { grant_type: 'client_credentials' });
      expect([400, 401]).toContain(answer.status);
      expect(answer.body['access_token']).toBeUndefined();
    }
    const basic = `Basic ${Buffer.from(`${other.id}:${other.secret}`).toString('base64')}`;
    const form = {
      grant_type: 'client_credentials',
      client_id: other.id,
      client_secret: other.secret as string,
    };
    const both = await gateways.ask('/oauth/token', { form, headers: { authorization: basic } });
    expect(both.status).toBe(400);
  });
});

describe('calls of before OAuth 2.1', () => {
  it('may have a space in the address, as browsers and clients take it', async () => {
    const old = await gateways.addClient({
      name: 'Old',
      redirect_uris: [back],
      scopes: ['read', 'write'],
      pkce: 'optional',
    });
    const { status, headers } = await gateways.ask(
      `/oauth/authorize?client_id=${old.id}&redirect_uri=${back}&response_type=code&scope=read write`,
    );
    expect({ status, location: headers['location'] }).toEqual({
      status: 303,
      location: expect.stringMatching(/^\/oauth\/interaction\//),
    });
  });

  it('work for a client that is registered for them: no PKCE, scopes by space, a JSON body', async () => {
    const old = await gateways.addClient({
      name: 'Old',
      redirect_uris: [back],
      scopes: ['read', 'write'],
      pkce: 'optional',
    });
    const code = await codeFor(gateways, {
      user: ada,
      client: old,
      scope: 'read write',
      changes: { code_challenge: undefined, code_challenge_method: undefined },
    });
    const json = {
      grant_type: 'authorization_code',
      client_id: old.id,
      client_secret: old.secret,
      code,
      redirect_uri: back,
    };
    const { status, body } = await gateways.ask('/oauth/token', { json });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', scope: 'read write' },
    });
    expect(await creates(body['access_token'] as string)).toBe(422);
    expect(body['refresh_token']).toEqual(expect.any(String));
  });

  it('are told what is wrong with them in the words of RFC 6749, with the id of the request', async () => {
    const bad: [object, number][] = [
      [{ json: [] }, 400],
      [{ json: { grant_type: { a: 1 } } }, 400],
      [{ json: { grant_type: 'password', client_id: board.id, client_secret: board.secret } }, 400],
      [{ form: 'grant_type=client_credentials&grant_type=refresh_token' }, 400],
      [{ form: `grant_type=${'x'.repeat(60_000)}` }, 413],
      [{ form: '{}', headers: { 'content-type': 'text/plain' } }, 415],
      [{ method: 'POST' }, 400],
    ];
    for (const [ask, status] of bad) {
      const answer = await gateways.ask('/oauth/token', ask);
      expect({ ask, status: answer.status }).toEqual({ ask, status });
      expect(answer.body).toMatchObject({ error: expect.any(String), error_description: expect.any(String) });
      expect(answer.headers['x-request-id']).toEqual(expect.any(String));
    }
  });

  it('leave no secret in the log', async () => {
    const log = gateways.log.join('');
    for (const secret of [board.secret as string, ada.password]) expect(log).not.toContain(secret);
    expect(log).not.toMatch(/code=|eyJ[\w-]+\.[\w-]+\./);
  });
});

describe('the keys', () => {
  const published = async (on: number) =>
    ((await gateways.ask('/oauth/jwks', {}, on)).body['keys'] as JWK[]).map(({ kid }) => kid as string);
  const rotate = async (json: object = {}) =>
    (await gateways.ask('/v1/oauth/keys/rotate', { json, token: gateways.rootKey })).body['data'] as {
      keys: { kid: string; state: string }[];
    };
  const tokenOn = async (on: number) => {
    const form = { grant_type: 'client_credentials', client_id: job.id, client_secret: job.secret as string };
    return (await gateways.ask('/oauth/token', { form }, on)).body['access_token'] as string;
  };
  const kidOf = (token: string) => decodeProtectedHeader(token).kid as string;
  let job: Client;
  beforeAll(async () => {
    job = await gateways.addClient({ name: 'Job', scopes: ['read'] });
  });

  it('are rotated on every replica without a restart, and no token is lost', async () => {
    const before = await tokenOn(1);
    const next = (await published(1)).filter((kid) => kid !== kidOf(before));
    const { keys } = await rotate();
    expect(keys.map(({ state }) => state).sort()).toEqual(
      expect.arrayContaining(['current', 'next', 'previous']),
    );
    const current = keys.find(({ state }) => state === 'current')?.kid as string;
    expect(next).toContain(current); // it was published before it signs
    expect(kidOf(await tokenOn(0))).toBe(current);
    await eventually('the other replica signs with it', async () => kidOf(await tokenOn(1)) === current);
    for (const on of [0, 1])
      expect(await published(on)).toEqual(expect.arrayContaining([kidOf(before), current]));
    expect([await projects(before, 0), await projects(before, 1)]).toEqual([200, 200]);
  });

  it('can be forgotten, and with them all that they have signed', async () => {
    const token = await tokenOn(1);
    expect([await projects(token, 0), await projects(token, 1)]).toEqual([200, 200]);
    const { keys } = await rotate({ forget_previous: true });
    expect(keys.map(({ state }) => state)).toEqual(['current', 'next']);
    expect(await projects(token, 0)).toBe(401);
    await eventually('the other replica knows', async () => (await projects(token, 1)) === 401);
    await eventually('it works again', async () => (await projects(await tokenOn(1), 1)) === 200);
  });

  it('have no private part outside of the database, and are sealed in it', async () => {
    const { body } = await gateways.ask('/oauth/jwks');
    for (const key of body['keys'] as JWK[]) expect(key.d).toBeUndefined();
    const [row] = await gateways.query(`SELECT encode(private_key, 'escape') AS text FROM oauth_key LIMIT 1`);
    expect(row?.['text']).not.toContain('"d"');
  });

  it('are rotated by root alone', async () => {
    const { access_token: token } = await signIn();
    expect((await gateways.ask('/v1/oauth/keys/rotate', { json: {}, token })).status).toBe(403);
    expect((await gateways.ask('/v1/oauth/keys/rotate', { json: {} })).status).toBe(401);
  });
});

describe('what has ended', () => {
  it('is removed', async () => {
    await gateways.ask(authorizeUrl(gateways, board).slice(gateways.url.length));
    await gateways.query(
      `UPDATE oauth_artifact SET expires_at = now() - interval '1 hour' WHERE model = 'Interaction'`,
    );
    const ended = async () => {
      const [row] = await gateways.query(
        `SELECT count(*)::int AS n FROM oauth_artifact WHERE expires_at < now() - interval '30 minutes'`,
      );
      return Number(row?.['n']);
    };
    expect(await ended()).toBeGreaterThan(0);
    await gateways.app.get(ArtifactStore, { strict: false }).sweep();
    expect(await ended()).toBe(0);
  });
});
