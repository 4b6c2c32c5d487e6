import { timingSafeEqual } from 'node:crypto';
import { type Configuration, errors, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { scopeWords } from '../access/scopes.ts';
import { adapterFor } from './adapter.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { type ClientRegistry, hashOfSecret } from './client-registry.ts';
import { pageHeaders } from './html.ts';
import { type KeyRing, signingKey } from './key-ring.ts';
import {
  accessTokenSeconds,
  codeSeconds,
  idTokenSeconds,
  loginSeconds,
  refreshTokenSeconds,
  signedInSeconds,
} from './lifetimes.ts';
import { errorPage, signedOutPage, signOutPage } from './pages.ts';
import {
  askForDefaultScope,
  gatewayAsResource,
  mayCallFrom,
  mayIntrospect,
  ownMetadata,
} from './provider-policies.ts';
import { signatureAlgorithm } from './signing-keys.ts';

export interface ProviderParts {
  readonly issuer: string;
  readonly ring: KeyRing;
  readonly cookieKeys: readonly string[];
  readonly store: ArtifactStore;
  readonly clients: ClientRegistry;
  /** whether that user is there and may sign in */
  readonly hasUser: (id: string) => Promise<boolean>;
}

export const routes = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  jwks: '/oauth/jwks',
  end_session: '/oauth/logout',
} as const;
/** Pages of a login under way. */
export const interactionPath = '/oauth/interaction';

const now = () => Math.floor(Date.now() / 1000);

/** The OAuth 2.1 server for one ring of keys. All that it knows is in the database, so it is made anew for another ring. */
export function createProvider(parts: ProviderParts): Provider {
  const { issuer, ring, store } = parts;
  const kid = signingKey(ring).kid;
  const cookies = { httpOnly: true, sameSite: 'lax', signed: true } as const;
  const configuration: Configuration = {
    adapter: (model) => adapterFor(model, store, parts.clients),
    jwks: { keys: ring.keys.map(({ privateKey }) => privateKey) as never },
    routes,
    scopes: ['openid', 'offline_access', ...scopeWords],
    claims: { openid: ['sub'] },
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientDefaults: { id_token_signed_response_alg: signatureAlgorithm },
    enabledJWA: { idTokenSigningAlgValues: [signatureAlgorithm] },
    extraClientMetadata: { properties: ['default_scope', 'pkce_required'] },
    pkce: { required: (_, client) => ownMetadata(client).pkce_required !== false },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: (_, origin, client) => mayCallFrom(origin, client),
    cookies: {
      keys: [...parts.cookieKeys],
      names: {
        session: 'fleetgate_session',
        interaction: 'fleetgate_interaction',
        resume: 'fleetgate_resume',
      },
      long: cookies,
      short: cookies,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false }, // tokens are for the API; the ID token says who it is
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      introspection: {
        enabled: true,
        allowedPolicy: (_, client, token) => mayIntrospect(parts.clients, client, token),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => showPage(ctx, signOutPage(form)),
        postLogoutSuccessSource: (ctx) => showPage(ctx, signedOutPage()),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, client) => {
          if (resource.replace(/\/$/, '') !== issuer) throw new errors.InvalidTarget();
          askForDefaultScope(ctx, ownMetadata(client).default_scope);
          return gatewayAsResource(issuer, kid);
        },
      },
    },
    formats: {
      customizers: {
        // The library keeps no row of a token that is a JWT: without one it could not be revoked or introspected.
        jwt: async (_, token, { payload }) => {
          const { jti = '', exp = 0, iat = 0 } = payload as { jti?: string; exp?: number; iat?: number };
          const { kind, clientId, aud, scope, extra } = token;
          const { accountId, grantId, gty } = token as { accountId?: string; grantId?: string; gty?: string };
          const stored = { kind, clientId, accountId, grantId, gty, aud, scope, extra, jti, iat, exp };
          await store.put(kind, jti, { payload: stored as never, seconds: exp - now(), kid });
          return undefined;
        },
      },
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      AuthorizationCode: codeSeconds,
      IdToken: idTokenSeconds,
      Grant: refreshTokenSeconds,
      Interaction: loginSeconds,
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL ?? refreshTokenSeconds,
      Session: (_, { loginTs }) =>
        loginTs === undefined ? loginSeconds : Math.max(1, loginTs + signedInSeconds - now()),
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    findAccount: async (_, id) =>
      (await parts.hasUser(id)) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    interactions: { url: (_, { uid }) => `${mountPathOf(issuer)}${interactionPath}/${uid}` },
    renderError: (ctx, out) => showPage(ctx, errorPage(out.error, out.error_description)),
  };
  const provider = new Provider(issuer, configuration);
  compareSecretsByHash(provider);
  pinAddress(provider, issuer);
  return provider;
}

function showPage(ctx: KoaContextWithOIDC, text: string): void {
  ctx.set(pageHeaders());
  ctx.body = text;
}

export function mountPathOf(issuer: string): string {
  return new URL(issuer).pathname.replace(/\/$/, '');
}

/** What the library takes for the secret is our hash of it. */
function compareSecretsByHash(provider: Provider): void {
  const { prototype } = provider.Client as unknown as {
    prototype: { clientSecret: string; compareClientSecret: (secret: string) => boolean };
  };
  prototype.compareClientSecret = function (secret) {
    return timingSafeEqual(hashOfSecret(secret), Buffer.from(this.clientSecret, 'hex'));
  };
}

/**
 * For the one page that the library makes by itself: a form that goes to the client, or back to us, on its own (with a script,
 * to whose hash it opens this) or by a button.
 */
const policyOfLibraryPages = "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Every address that the server names is below the issuer, whatever Host, X-Forwarded-* or the request line say. */
function pinAddress(provider: Provider, issuer: string): void {
  const { origin, host, protocol } = new URL(issuer);
  const fixed = (get: () => unknown) => ({ get, configurable: true });
  Object.defineProperties(provider.request, {
    origin: fixed(() => origin),
    href: fixed(() => `${origin}/`),
    host: fixed(() => host),
    protocol: fixed(() => protocol.slice(0, -1)),
    secure: fixed(() => protocol === 'https:'),
  });
  const mountPath = mountPathOf(issuer);
  provider.use(async (ctx, next) => {
    (ctx as { mountPath?: string }).mountPath = mountPath;
    ctx.set('content-security-policy', policyOfLibraryPages);
    await next();
  });
}
