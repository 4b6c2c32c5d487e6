import { type Gateways, startGateways } from '../oauth/gateways.ts';
import { startIssuer, type TestIssuer, type TestKey } from './issuer.ts';

const algorithms = ['RS256', 'ES256', 'EdDSA'] as const;

let issuer: TestIssuer;
let gateways: Gateways;
let keys: TestKey[];
beforeAll(async () => {
  issuer = await startIssuer('fleetgate');
  keys = await Promise.all(algorithms.map((alg) => issuer.addKey(`key-${alg}`, alg)));
  gateways = await startGateways(1, {
    issuers: [
      {
        issuer: issuer.url,
        audience: ['fleetgate'],
        jwksUrl: null,
        algorithms,
        claims: {
          subject: 'sub',
          team: { path: 'groups', map: { '/edge': ['edge'], '/gone': ['no-such-team'] }, fallback: null },
          scopes: { path: 'roles', map: { reader: ['read'], deployer: ['read', 'write'] }, fallback: null },
        },
      },
    ],
  });
  await gateways.addTeam('edge');
});
afterAll(async () => {
  await gateways?.close();
  await issuer?.close();
});

const usual = { groups: ['/edge'], roles: ['reader'] };
const sign = (claims: Record<string, unknown> = {}, header = {}) =>
  issuer.sign(keys[1] as TestKey, { ...usual, ...claims }, header);
const projects = async (token: string) => (await gateways.ask('/v1/projects', { token })).status;

describe('Authorization: Bearer', () => {
  it('takes tokens of an issuer outside, whatever they are signed with, beside keys and tokens of our own', async () => {
    for (const key of keys) {
      const { status, body } = await gateways.ask('/v1/me', { token: await issuer.sign(key, usual) });
      expect(status).toBe(200);
      expect(body['data']).toMatchObject({ kind: 'external', name: 'somebody', team: { slug: 'edge' } });
    }
    expect(issuer.asked()).toBe(1);
    expect(await projects(gateways.rootKey)).toBe(200);
  });

  it('gives such a token the scopes that the file says, in the team that it says', async () => {
    const creates = async (token: string) =>
      (await gateways.ask('/v1/projects', { token, json: { nonsense: 1 } })).status;
    expect([await projects(await sign()), await creates(await sign())]).toEqual([200, 403]);
    expect(await creates(await sign({ roles: ['deployer'] }))).toBe(422);
    expect(await projects(await sign({ roles: ['somebody', 'read'] }))).toBe(403);
    const { body } = await gateways.ask('/v1/oauth/clients', {
      token: await sign({ roles: ['teams:admin'] }),
    });
    expect(body['error']).toMatchObject({ code: 'forbidden' });
  });

  const now = () => Math.floor(Date.now() / 1000);
  it.each<[string, () => Promise<string>]>([
    ['for another audience', () => sign({ aud: 'somebody-else' })],
    ['that has expired', () => sign({ exp: now() - 61 })],
    ['that is not yet valid', () => sign({ nbf: now() + 70 })],
    ['of an unknown key', () => sign({}, { kid: 'nobody-knows' })],
    ['of no team', () => sign({ groups: [] })],
    ['of a team that the file does not know', () => sign({ groups: ['/other'] })],
    ['of a team that is not here', () => sign({ groups: ['/gone'] })],
    ['of an issuer that is not in the file', () => sign({ iss: 'https://login.example.com' })],
    ['that says that it is ours', () => sign({ iss: gateways.url, aud: gateways.url })],
    ['of which a letter is missing', async () => (await sign()).slice(0, -3)],
    ['that is none', async () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('is 401 for a token %s', async (_, token) => {
    const { status, headers, body } = await gateways.ask('/v1/projects', { token: await token() });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toMatch(/error="invalid_token"/);
    // Why is for the log: whoever tries things out is not told what to try next.
    expect(body['error']).toMatchObject({ message: 'this key or token is not known, or no longer valid' });
  });

  it('takes a token from a clock that is nearly a minute off', async () => {
    expect(await projects(await sign({ exp: now() - 50 }))).toBe(200);
    expect(await projects(await sign({ nbf: now() + 50 }))).toBe(200);
  });

  it('is 503, and no 401, when the issuer was never there', async () => {
    const other = await startGateways(1, {
      issuers: [
        {
          issuer: issuer.url,
          audience: ['fleetgate'],
          jwksUrl: 'http://127.0.0.1:1/keys',
          algorithms,
          claims: {
            subject: 'sub',
            team: { path: 'groups', map: null, fallback: null },
            scopes: { path: 'roles', map: null, fallback: null },
          },
        },
      ],
    });
    const { status, headers, body } = await other.ask('/v1/projects', { token: await sign() });
    await other.close();
    expect({ status, error: body['error'] }).toMatchObject({
      status: 503,
      error: { code: 'upstream_unavailable' },
    });
    expect(headers['retry-after']).toBe('10');
  });
});
