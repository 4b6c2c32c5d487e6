import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type CryptoKey, decodeJwt, exportSPKI, importJWK } from 'jose';
import { ExternalIssuer } from '../../src/tokens/external-issuer.ts';
import { IssuerDocuments } from '../../src/tokens/issuer-documents.ts';
import { KeysUnavailable } from '../../src/tokens/issuer-keys.ts';
import { type IssuerConfig, signingAlgorithms } from '../../src/tokens/issuers.ts';
import { TokenRefused } from '../../src/tokens/token-refused.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';

const audience = 'fleetgate';
const minute = 60_000;
const hour = 60 * minute;

let issuer: TestIssuer;
let documents: IssuerDocuments;
/** what the clock of the gateway shows beside the machine's */
let ahead = 0;
const failures: unknown[] = [];
beforeEach(async () => {
  issuer = await startIssuer(audience);
  documents = new IssuerDocuments();
  ahead = 0;
});
afterEach(async () => {
  await documents.close();
  await issuer.close();
});

function gateway(changes: Partial<IssuerConfig> = {}): ExternalIssuer {
  const config: IssuerConfig = {
    issuer: issuer.url,
    audience: [audience],
    jwksUrl: null,
    algorithms: signingAlgorithms,
    claims: {
      subject: 'sub',
      team: { path: 'team', map: null, fallback: null },
      scopes: { path: 'scope', map: null, fallback: null },
    },
    ...changes,
  };
  return new ExternalIssuer(
    config,
    () => Date.now() + ahead,
    documents.get,
    (error) => failures.push(error),
  );
}

describe('a token of an issuer outside', () => {
  it.each(signingAlgorithms)('is taken when it is signed with %s', async (alg) => {
    const key = await issuer.addKey('one', alg);
    const claims = { team: 'edge', scope: 'clusters:read projects:read' };
    await expect(gateway().verify(await issuer.sign(key, claims))).resolves.toMatchObject({
      issuer: issuer.url,
      subject: 'somebody',
      team: 'edge',
      scopes: expect.arrayContaining(['clusters:read', 'projects:read']),
    });
  });

  it('speaks of teams and scopes in the words that the file maps to ours', async () => {
    const key = await issuer.addKey('one');
    const mapped = gateway({
      claims: {
        subject: 'person.id',
        team: { path: 'https://corp.example/groups', map: { '/edge': ['edge'] }, fallback: 'guests' },
        scopes: { path: 'realm.roles', map: { reader: ['read'], admin: ['read', 'write'] }, fallback: null },
      },
    });
    const token = await issuer.sign(key, {
      person: { id: 'p-1' },
      'https://corp.example/groups': ['/other', '/edge'],
      realm: { roles: ['admin', 'reader', 'constructor'] },
    });
    await expect(mapped.verify(token)).resolves.toMatchObject({
      subject: 'p-1',
      team: 'edge',
      scopes: ['read', 'write'],
    });
    const another = await issuer.sign(key, { person: { id: 'p-2' }, realm: 'admin' });
    await expect(mapped.verify(another)).resolves.toMatchObject({ team: 'guests', scopes: [] });
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['is of another issuer', () => ({ iss: 'https://elsewhere.example' })],
    ['names no issuer', () => ({ iss: undefined })],
    ['is for somebody else', () => ({ aud: 'another-service' })],
    ['is for nobody', () => ({ aud: undefined })],
    ['has expired', () => ({ exp: now() - 61 })],
    ['never expires', () => ({ exp: undefined })],
    ['is not yet valid', () => ({ nbf: now() + 70 })],
    ['speaks of nobody', () => ({ sub: undefined })],
  ])('is refused when it %s', async (_, claims) => {
    const key = await issuer.addKey('one');
    await expect(gateway().verify(await issuer.sign(key, claims()))).rejects.toThrow(TokenRefused);
  });

  it('may come from a clock that is a minute off', async () => {
    const key = await issuer.addKey('one');
    await gateway().verify(await issuer.sign(key, { exp: now() - 55 }));
    await gateway().verify(await issuer.sign(key, { nbf: now() + 55 }));
  });

  it('is refused when it is not signed, or signed by somebody else', async () => {
    const key = await issuer.addKey('one');
    const good = await issuer.sign(key);
    const [, payload = '', signature = ''] = good.split('.');
    const unsigned = Buffer.from('{"alg":"none","kid":"one"}').toString('base64url');
    const verifier = gateway();
    await expect(verifier.verify(`${unsigned}.${payload}.`)).rejects.toThrow(TokenRefused);
    await expect(verifier.verify(`${unsigned}.${payload}.${signature}`)).rejects.toThrow(TokenRefused);
    const other = Buffer.from(JSON.stringify({ ...decodeJwt(good), scope: 'teams:admin' })).toString(
      'base64url',
    );
    await expect(verifier.verify(`${good.split('.')[0]}.${other}.${signature}`)).rejects.toThrow(
      TokenRefused,
    );
    const stranger = await startIssuer(audience);
    const forged = await stranger.sign(await stranger.addKey('one'), { iss: issuer.url });
    await stranger.close();
    await expect(verifier.verify(forged)).rejects.toThrow(TokenRefused);
  });

  it('is refused when the public key was used as a secret', async () => {
    const { publicJwk } = await issuer.addKey('one', 'RS256');
    const pem = await exportSPKI((await importJWK(publicJwk, 'RS256', { extractable: true })) as CryptoKey);
    const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const claims = { iss: issuer.url, aud: audience, sub: 'me', exp: now() + 300 };
    const signed = `${encoded({ alg: 'HS256', kid: 'one' })}.${encoded(claims)}`;
    const mac = createHmac('sha256', pem).update(signed).digest('base64url');
    await expect(gateway().verify(`${signed}.${mac}`)).rejects.toThrow(TokenRefused);
  });

  it('is refused when its algorithm is not among those of the file', async () => {
    const key = await issuer.addKey('one', 'EdDSA');
    const verifier = gateway({ algorithms: ['ES256'] });
    await expect(verifier.verify(await issuer.sign(key))).rejects.toThrow(TokenRefused);
  });

  it('may be without a kid only where there is one key for it', async () => {
    const key = await issuer.addKey('one');
    const token = await issuer.sign(key, {}, { kid: undefined });
    await gateway().verify(token);
    await issuer.addKey('two');
    await expect(gateway().verify(token)).rejects.toThrow(TokenRefused);
  });
});

describe('the keys of an issuer outside', () => {
  it('are asked for once, by however many come at the same time', async () => {
    const key = await issuer.addKey('one');
    const verifier = gateway();
    const token = await issuer.sign(key);
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
    ahead += 9 * minute;
    await verifier.verify(await issuer.sign(key, { exp: now(ahead) + 300 }));
    expect(issuer.asked()).toBe(1);
  });

  it('are asked for once more by a flood of tokens with invented kids', async () => {
    const key = await issuer.addKey('one');
    const stranger = await startIssuer(audience);
    const verifier = gateway();
    await verifier.verify(await issuer.sign(key));
    ahead += minute;
    const forger = await stranger.addKey('x');
    const flood = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        stranger.sign(forger, { iss: issuer.url }, { kid: `kid-${index}` }),
      ),
    );
    await stranger.close();
    for (const outcome of await Promise.allSettled(flood.map((token) => verifier.verify(token)))) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TokenRefused) });
    }
    expect(issuer.asked()).toBe(2);
  });

  it('are asked for again when a new one signs, and no longer count when they are gone', async () => {
    const old = await issuer.addKey('one');
    const verifier = gateway();
    const token = await issuer.sign(old, { exp: now(hour) });
    await verifier.verify(token);
    const added = await issuer.addKey('two');
    issuer.removeKey('one');
    ahead += minute;
    await verifier.verify(await issuer.sign(added));
    await expect(verifier.verify(token)).rejects.toThrow(TokenRefused);
  });

  it('serve on while the issuer is down, for some hours', async () => {
    const key = await issuer.addKey('one');
    const verifier = gateway();
    await verifier.verify(await issuer.sign(key));
    issuer.answer((response) => response.writeHead(503).end());
    const until = (moment: number) => issuer.sign(key, { exp: now(moment) + 300 });
    ahead += 5 * hour;
    await verifier.verify(await until(ahead));
    expect(failures.length).toBeGreaterThan(0);
    ahead += 2 * hour;
    await expect(verifier.verify(await until(ahead))).rejects.toThrow(KeysUnavailable);
    issuer.answer(null);
    ahead += minute;
    await verifier.verify(await until(ahead));
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['a failure', (response) => response.writeHead(500).end()],
    ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/keys' }).end()],
    ['no JSON', (response) => response.end('<html>')],
    ['no key set', (response) => response.end('{"keys": "none"}')],
    ['more than it may', (response) => response.end(`{"keys": [], "more": "${'x'.repeat(300_000)}"}`)],
  ])('cannot be had from %s, and the caller is told so', async (_, answer) => {
    const key = await issuer.addKey('one');
    issuer.answer(answer);
    await expect(gateway().verify(await issuer.sign(key))).rejects.toThrow(KeysUnavailable);
  });

  it('are not taken from an issuer that says that it is another', async () => {
    const key = await issuer.addKey('one');
    const verifier = gateway({ issuer: `${issuer.url}/` });
    await expect(verifier.verify(await issuer.sign(key, { iss: `${issuer.url}/` }))).rejects.toThrow(
      KeysUnavailable,
    );
    expect(failures.at(-1)).toMatchObject({ message: expect.stringMatching(/says that it is/) });
  });
});

function now(aheadMs = 0): number {
  return Math.floor((Date.now() + aheadMs) / 1000);
}
