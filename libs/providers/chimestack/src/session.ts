import { createHttp, loginSession, type Session, staticSession } from '@fleetgate/provider-kit';
import type { Host } from '@fleetgate/provider-spec';
import { readLoginComplaint } from './errors.ts';
import type { ChimestackSettings } from './settings.ts';
import { Login } from './wire.ts';

/** as the documented example shows, in milliseconds */
const tokenLife = 12 * 60 * 60_000;
const earlyMs = 5 * 60_000;
const renewalMs = 15_000;

/**
 * A login for twelve hours, without a way to lengthen it. An account has two sessions and a third login ends the oldest, so
 * that every login counts: all replicas share one token, and only one of them logs in.
 */
export function openSession(settings: ChimestackSettings, host: Host): Session {
  const { baseUrl, timeoutMs, userName, password } = settings;
  const door = createHttp({
    host,
    baseUrl,
    timeoutMs,
    readComplaint: readLoginComplaint,
    // A refusal may say back any of the secrets, the ended token among them.
    session: { ...staticSession(password, {}), secrets: () => session.secrets() },
  });
  const session: Session = loginSession({
    host,
    name: `chimestack:${baseUrl}:${userName}`,
    headers: (token) => ({ authorization: `Bearer ${token}` }),
    async login(call) {
      const user = await door.request(
        {
          method: 'POST',
          path: ['v1', 'login'],
          body: { user_name: userName, password },
          answer: Login,
          authenticated: false,
          // Not repeatable: a login whose answer got lost has taken one of the two sessions.
          repeatable: false,
        },
        call,
      );
      const now = host.clock.now();
      return { value: user.uuid, expiresAt: now + lifeOf(user.created_at, user.expired_at, now) };
    },
    earlyMs,
    renewalMs,
    secrets: [password],
  });
  return session;
}

/** Milliseconds that a new session lives; as a span, so that a clock that differs from the upstream's does no harm. */
function lifeOf(created: string | null | undefined, expired: string | null | undefined, now: number): number {
  const end = Date.parse(expired ?? '');
  const start = Date.parse(created ?? '');
  const life = end - (Number.isNaN(start) ? now : start);
  return life > earlyMs ? Math.min(life, tokenLife) : tokenLife;
}
