import type { KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { scopeWords } from '../access/scopes.ts';
import type { ClientRegistry } from './client-registry.ts';
import { accessTokenSeconds } from './lifetimes.ts';
import { signatureAlgorithm } from './signing-keys.ts';

/** Of a client's metadata what is ours. */
interface OwnMetadata {
  readonly default_scope?: string;
  readonly pkce_required?: boolean;
}

export function ownMetadata(client: unknown): OwnMetadata {
  return (client ?? {}) as OwnMetadata;
}

/** Pages call from the origin that they are sent back to; whoever has a secret has no page that calls. */
export function mayCallFrom(
  origin: string,
  client: { clientAuthMethod?: string; redirectUris?: readonly string[] | undefined },
): boolean {
  if (client.clientAuthMethod !== 'none') return false;
  return (client.redirectUris ?? []).some((uri) => /^https?:/.test(uri) && new URL(uri).origin === origin);
}

/** What tokens are for: the gateway itself. */
export function gatewayAsResource(issuer: string, kid: string): ResourceServer {
  return {
    audience: issuer,
    scope: scopeWords.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: accessTokenSeconds,
    jwt: { sign: { alg: signatureAlgorithm, kid } },
  };
}

/** Whoever asks for no scope gets what the client was registered with (RFC 6749, 3.3). */
export function askForDefaultScope(ctx: KoaContextWithOIDC, scope: string | undefined): void {
  const { params, route } = ctx.oidc;
  const asks = route === 'authorization' || params?.['grant_type'] === 'client_credentials';
  if (asks && params && params['scope'] === undefined) params['scope'] = scope;
}

/** A client may ask about its own tokens, and a confidential one about those of its team's clients. */
export async function mayIntrospect(
  clients: ClientRegistry,
  asking: { clientId: string; clientAuthMethod?: string },
  token: { clientId?: string | undefined },
): Promise<boolean> {
  if (token.clientId === asking.clientId) return true;
  if (asking.clientAuthMethod === 'none' || token.clientId === undefined) return false;
  const [own, other] = await Promise.all([clients.find(asking.clientId), clients.find(token.clientId)]);
  return own !== undefined && own.team.id === other?.team.id;
}
