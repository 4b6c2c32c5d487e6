import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface TestKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An OpenID Connect issuer on a port of its own, whose keys and moods the test decides. */
export interface TestIssuer {
  readonly url: string;
  /** how often its key set was asked for */
  asked(): number;
  /** Makes a key and publishes it. */
  addKey(kid: string, alg?: Algorithm): Promise<TestKey>;
  removeKey(kid: string): void;
  /** how the key set is answered from now on; null: as it should be */
  answer(other: ((response: ServerResponse) => void) | null): void;
  /** A token with the usual claims, `claims` over them (undefined takes one out), `header` over its header. */
  sign(key: TestKey, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(audience: string): Promise<TestIssuer> {
  const keys: TestKey[] = [];
  let asked = 0;
  let other: ((response: ServerResponse) => void) | null = null;
  const server = createServer((request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    } else if (request.url === '/keys') {
      asked += 1;
      if (other) other(response);
      else response.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    asked: () => asked,
    async addKey(kid, alg = 'ES256') {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      const key = { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } };
      keys.push(key);
      return key;
    },
    removeKey(kid) {
      keys.splice(
        keys.findIndex((key) => key.kid === kid),
        1,
      );
    },
    answer(given) {
      other = given;
    },
    sign({ kid, alg, privateKey }, claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: url, aud: audience, sub: 'somebody', iat: now, exp: now + 300 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
