import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { decodeJwt } from 'jose';
import type pg from 'pg';
import type { Authenticated, Authenticator } from '../access/authenticator.ts';
import { credentialRefused } from '../access/refusals.ts';
import { expand, isScopeWord, type Scope } from '../access/scopes.ts';
import { ApiError } from '../answers/api-error.ts';
import { ArtifactStore } from '../oauth/artifact-store.ts';
import { ClientRegistry } from '../oauth/client-registry.ts';
import { type OwnToken, OwnTokens } from '../oauth/own-tokens.ts';
import { USERS, type Users } from '../oauth/users.ts';
import type { ExternalIdentity } from './external-issuer.ts';
import { KeysUnavailable } from './issuer-keys.ts';
import { IssuersOutside } from './issuers-outside.ts';
import { TokenRefused } from './token-refused.ts';
import { TokenStrategy } from './token-strategy.ts';

/** What a token says, by whoever has signed it. */
type Verified = { own: OwnToken } | { outside: ExternalIdentity };

/** Takes JSON Web Tokens: ours, and those of the issuers that the operator trusts. */
@Injectable()
export class TokenAuthenticator implements Authenticator {
  readonly #log = new Logger('Tokens');
  readonly #strategy = new TokenStrategy<Verified, Authenticated>(
    (token) => this.#verify(token),
    (verified) => ('own' in verified ? this.#ofOurs(verified.own) : this.#ofOutside(verified.outside)),
  );

  constructor(
    private readonly ownTokens: OwnTokens,
    private readonly outside: IssuersOutside,
    private readonly store: ArtifactStore,
    private readonly clients: ClientRegistry,
    @Inject(USERS) private readonly users: Users,
  ) {}

  handles(token: string): boolean {
    return /^ey[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
  }

  async authenticate(token: string): Promise<Authenticated> {
    try {
      return await this.#strategy.check(token);
    } catch (error) {
      if (error instanceof TokenRefused) {
        this.#log.debug(`a token was refused: ${error.message}`);
        throw credentialRefused(error);
      }
      if (error instanceof KeysUnavailable) {
        const message = 'the issuer of this token does not answer, so that it cannot be checked';
        throw new ApiError('upstream_unavailable', message, { cause: error, retryAfterSeconds: 10 });
      }
      throw error;
    }
  }

  /** With the grant that it comes from, as when its client revokes it. */
  async end(token: string, client: Pick<pg.PoolClient, 'query'>): Promise<string[]> {
    if (issuerOf(token) !== this.ownTokens.issuer) {
      throw new ApiError('conflict', 'this token is not ours to end: its issuer can do that');
    }
    const { jti } = await this.ownTokens.verify(token);
    return this.store.endToken(client, jti);
  }

  async #verify(token: string): Promise<Verified> {
    const issuer = issuerOf(token);
    if (issuer === this.ownTokens.issuer) return { own: await this.ownTokens.verify(token) };
    const identity = await this.outside.verify(issuer, token);
    if (!identity) throw new TokenRefused('its issuer is not trusted');
    return { outside: identity };
  }

  async #ofOurs(token: OwnToken): Promise<Authenticated> {
    const byItself = token.sub === token['client_id'];
    const live = await this.store.live(byItself ? 'ClientCredentials' : 'AccessToken', token.jti);
    const client = live && (await this.clients.find(live.clientId));
    if (!live || !client) throw new TokenRefused('it was revoked, or has ended');
    const words = typeof token['scope'] === 'string' ? token['scope'].split(' ') : [];
    const scopes = scopesOf(words);
    const expiresAt = (token.exp as number) * 1000;
    const dependsOn = [token.jti, token.kid, client.id];
    if (live.userId === null) {
      const { id, name, team } = client;
      const grants = [{ team, role: null, scopes }];
      return {
        principal: { id, kind: 'client', name, team, grants },
        expiresAt,
        dependsOn: [...dependsOn, team.id],
      };
    }
    const user = await this.users.principalOf(live.userId);
    if (!user) throw new TokenRefused('its user may not call any longer');
    const grants = user.principal.grants.map((grant) => ({
      ...grant,
      scopes: new Set([...grant.scopes].filter((scope) => scopes.has(scope))),
    }));
    return {
      principal: { ...user.principal, grants },
      expiresAt,
      dependsOn: [...dependsOn, live.grantId ?? '', ...user.dependsOn],
    };
  }

  async #ofOutside({
    issuer,
    subject,
    team: slug,
    scopes,
    expiresAt,
  }: ExternalIdentity): Promise<Authenticated> {
    const team = slug === undefined ? undefined : await this.clients.team(slug);
    if (team?.slug !== slug || !team) throw new TokenRefused(`it names no team that is known here`);
    const id = `ext_${createHash('sha256').update(`${issuer} ${subject}`).digest('base64url').slice(0, 22)}`;
    const grants = [{ team, role: null, scopes: scopesOf(scopes) }];
    return {
      principal: { id, kind: 'external', name: subject, team, grants },
      expiresAt,
      dependsOn: [team.id],
    };
  }
}

function scopesOf(words: readonly string[]): ReadonlySet<Scope> {
  return new Set(expand(words.filter(isScopeWord)));
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    throw new TokenRefused('it cannot be read', { cause: error });
  }
}
