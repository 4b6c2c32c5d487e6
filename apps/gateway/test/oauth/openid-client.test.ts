import * as client from 'openid-client';
import { Browser } from './browser.ts';
import { type Gateways, startGateways } from './gateways.ts';

const back = 'https://board.example.com/back';

let gateways: Gateways;
let browser: Browser;
let user: { id: string; password: string };
beforeAll(async () => {
  gateways = await startGateways(2);
  browser = new Browser(gateways.url);
  user = await gateways.addUser('ada', { edge: 'developer' });
});
afterAll(async () => {
  await browser?.close();
  await gateways?.close();
});

const insecure = { execute: [client.allowInsecureRequests] };

describe('openid-client', () => {
  it('finds everything by discovery, in both ways', async () => {
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const config = await client.discovery(new URL(gateways.url), 'x', undefined, undefined, {
        ...insecure,
        algorithm,
      });
      expect(config.serverMetadata()).toMatchObject({
        issuer: gateways.url,
        authorization_endpoint: `${gateways.url}/oauth/authorize`,
        token_endpoint: `${gateways.url}/oauth/token`,
        revocation_endpoint: `${gateways.url}/oauth/revoke`,
        introspection_endpoint: `${gateways.url}/oauth/introspect`,
        jwks_uri: `${gateways.url}/oauth/jwks`,
        code_challenge_methods_supported: ['S256'],
        response_types_supported: ['code'],
      });
    }
  });

  it('signs a user in with code and PKCE, calls, refreshes, introspects and revokes', async () => {
    const { id, secret } = await gateways.addClient({
      name: 'Release board',
      redirect_uris: [back],
      scopes: ['read', 'write'],
    });
    const config = await client.discovery(new URL(gateways.url), id, secret as string, undefined, insecure);
    const verifier = client.randomPKCECodeVerifier();
    const [state, nonce] = [client.randomState(), client.randomNonce()];
    const address = client.buildAuthorizationUrl(config, {
      redirect_uri: back,
      scope: 'openid offline_access read',
      prompt: 'consent',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    const login = await browser.get(address.href);
    expect(login.text).toContain('Release board');
    const consent = await browser.submit(login, '/login', { user_name: 'Ada', password: user.password });
    expect(consent.text).toContain('see projects, deployments');
    const { url } = await browser.submit(consent, '/confirm');
    expect(url.startsWith(`${back}?`)).toBe(true);

    const tokens = await client.authorizationCodeGrant(config, new URL(url), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
    });
    expect(tokens.claims()).toMatchObject({ sub: user.id, aud: id, iss: gateways.url });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'read' });
    for (const on of [0, 1]) {
      expect((await gateways.ask('/v1/projects', { token: tokens.access_token }, on)).status).toBe(200);
    }
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token as string);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(await client.tokenIntrospection(config, refreshed.access_token)).toMatchObject({
      active: true,
      sub: user.id,
      client_id: id,
      scope: 'read',
    });
    await client.tokenRevocation(config, refreshed.access_token);
    expect(await client.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false });
    for (const on of [0, 1]) {
      expect((await gateways.ask('/v1/projects', { token: refreshed.access_token }, on)).status).toBe(401);
    }
  });

  it('gets a token for a client alone', async () => {
    const { id, secret } = await gateways.addClient({ name: 'Nightly job', scopes: ['clusters:read'] });
    for (const authentication of [
      client.ClientSecretBasic(secret as string),
      client.ClientSecretPost(secret as string),
    ]) {
      const config = await client.discovery(new URL(gateways.url), id, undefined, authentication, insecure);
      const { access_token: token, scope } = await client.clientCredentialsGrant(config);
      expect(scope).toBe('clusters:read');
      expect((await gateways.ask('/v1/clusters', { token })).status).toBe(200);
      expect((await gateways.ask('/v1/projects', { token })).status).toBe(403);
    }
  });

  it('is told of a refusal in the words of the standard', async () => {
    const { id } = await gateways.addClient({ name: 'Impostor', scopes: ['read'] });
    const config = await client.discovery(new URL(gateways.url), id, 'wrong', undefined, insecure);
    await expect(client.clientCredentialsGrant(config)).rejects.toMatchObject({
      error: 'invalid_client',
      status: 401,
    });
  });
});
