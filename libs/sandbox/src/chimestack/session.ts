import type { World } from '../core/emulator.ts';
import { offsetTime } from './times.ts';

/** 12 hours, ms (documented by example). */
export const sessionLife = 12 * 60 * 60 * 1000;
/** A login beyond that many ends the oldest session of the account (documented default). */
export const sessionsPerAccount = 2;

export interface Session {
  /** The session: this is the token. */
  uuid: string;
  /** The account. */
  user_uuid: string;
  created_at: string;
  expired_at: string;
}

export class ChimeSessions {
  private readonly world: World;
  private readonly credentials: Readonly<Record<string, string>>;
  private readonly account: string;
  private open: { session: Session; endsAt: number }[] = [];

  constructor(world: World, credentials: Readonly<Record<string, string>>) {
    this.world = world;
    this.credentials = credentials;
    this.account = world.newId();
  }

  /** undefined: the name or the password is not ours. */
  login(userName: unknown, password: unknown): Session | undefined {
    if (userName !== this.credentials['userName'] || password !== this.credentials['password'])
      return undefined;
    const now = this.world.clock.now();
    const session = {
      uuid: this.world.newId(),
      user_uuid: this.account,
      created_at: offsetTime(now, 279_496_741),
      expired_at: offsetTime(now + sessionLife, 279_496_943),
    };
    const living = this.open.filter(({ endsAt }) => now < endsAt);
    this.open = [...living, { session, endsAt: now + sessionLife }].slice(-sessionsPerAccount);
    return session;
  }

  find(token: unknown): Session | undefined {
    const now = this.world.clock.now();
    return this.open.find(({ session, endsAt }) => session.uuid === token && now < endsAt)?.session;
  }

  /** False when there is no such session. */
  logout(token: unknown): boolean {
    const found = this.find(token);
    this.open = this.open.filter(({ session }) => session !== found);
    return found !== undefined;
  }

  expire(): void {
    this.open = [];
  }
}
