import { createHttp, type Http, loginSession, type Session, staticSession } from '@fleetgate/provider-kit';
import type { Host, StoredToken } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { readLoginComplaint } from './errors.ts';
import type { PaletteSettings } from './settings.ts';
import { TokenClaims, UserToken } from './wire.ts';

/** as documented, in milliseconds */
const tokenLife = 15 * 60_000;
const earlyMs = 120_000;
const renewalMs = 15_000;

/** An API key for good, or a user's token for a quarter of an hour that is lengthened as long as it is valid. */
export function openSession(settings: PaletteSettings, host: Host): Session {
  const { baseUrl, timeoutMs, apiKey, emailId = '', password = '', org = '' } = settings;
  if (apiKey !== undefined) return staticSession(apiKey, { apikey: apiKey });

  /** What the login and the renewal go through; a refusal may say back any of the secrets, the ended token among them. */
  const door = (value: string, headers: Readonly<Record<string, string>>): Http =>
    createHttp({
      host,
      baseUrl,
      timeoutMs,
      readComplaint: readLoginComplaint,
      session: { ...staticSession(value, headers), secrets: () => [value, ...session.secrets()] },
    });
  const stored = (answer: z.output<typeof UserToken>): StoredToken => ({
    value: answer.Authorization,
    expiresAt: host.clock.now() + lifeOf(answer.Authorization, host.clock.now()),
  });

  const session: Session = loginSession({
    host,
    name: `palette:${baseUrl}:${emailId}:${org}`,
    headers: (token) => ({ authorization: token }),
    login: async (call) =>
      stored(
        await door(password, {}).request(
          {
            method: 'POST',
            path: ['v1', 'auth', 'authenticate'],
            query: { setCookie: false },
            body: { emailId, password, ...(org === '' ? {} : { org }) },
            answer: UserToken,
            authenticated: false,
            repeatable: true,
          },
          call,
        ),
      ),
    refresh: async ({ value }, call) =>
      stored(
        await door(value, { authorization: value }).request(
          { path: ['v1', 'auth', 'refresh', value], answer: UserToken },
          call,
        ),
      ),
    earlyMs,
    renewalMs,
    secrets: [password],
  });
  return session;
}

/**
 * Milliseconds that a token just issued lives: what it says itself, else the documented quarter of an hour. Taken as a span,
 * so that a clock that differs from the upstream's does no harm.
 */
function lifeOf(token: string, now: number): number {
  const claims = TokenClaims.safeParse(claimsOf(token));
  if (!claims.success) return tokenLife;
  const { exp, iat } = claims.data;
  const life = iat ? (exp - iat) * 1000 : exp * 1000 - now;
  return life > 0 ? life : tokenLife;
}

function claimsOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return undefined; // a token need not be a JSON Web Token
  }
}
