import { Fault } from '@fleetgate/model';
import type { StoredToken } from '@fleetgate/provider-spec';
import { type LoginOptions, loginSession } from '../src/session.ts';
import { call, handClock, sharedTokens } from './fixtures.ts';

const lifeMs = 15 * 60_000;

/** An account whose upstream counts what it is asked for. */
function account(overrides: Partial<LoginOptions> = {}) {
  const clock = handClock();
  const tokens = sharedTokens();
  const seen = { logins: 0, refreshes: 0 };
  let open = Promise.resolve();
  const issue = async (): Promise<StoredToken> => {
    await open;
    return { value: `token-${seen.logins + seen.refreshes}`, expiresAt: clock.now() + lifeMs };
  };
  const options: LoginOptions = {
    host: { clock, tokens, random: () => 0.5 },
    name: 'up:me',
    headers: (token) => ({ authorization: token }),
    login: () => {
      seen.logins++;
      return issue();
    },
    earlyMs: 60_000,
    renewalMs: 5000,
    secrets: ['hunter2'],
    ...overrides,
  };
  return {
    clock,
    seen,
    issue,
    options,
    replica: () => loginSession(options),
    hold() {
      let release = () => {};
      open = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
  };
}

describe('a session with a token', () => {
  it('logs in once for many callers, and keeps the token', async () => {
    const { replica, seen } = account();
    const session = replica();
    const credentials = await Promise.all(Array.from({ length: 20 }, () => session.credential(call())));
    expect(new Set(credentials.map(({ value }) => value))).toEqual(new Set(['token-1']));
    await session.credential(call());
    expect(seen.logins).toBe(1);
  });

  it('is shared by replicas: the second one logs in no more', async () => {
    const { replica, seen } = account();
    const [one, two] = [replica(), replica()];
    await Promise.all([one.credential(call()), two.credential(call())]);
    expect(seen.logins).toBe(1);
  });

  it('renews before the token ends', async () => {
    const { replica, clock, seen } = account();
    const session = replica();
    await session.credential(call());
    clock.advance(lifeMs - 59_000);
    expect((await session.credential(call())).value).toBe('token-2');
    expect(seen.logins).toBe(2);
  });

  it('a late refusal of the old token does not renew again', async () => {
    const { replica, seen } = account();
    const session = replica();
    const old = await session.credential(call());
    const first = await session.renew(old, call());
    const second = await session.renew(old, call());
    expect([first.value, second.value]).toEqual(['token-2', 'token-2']);
    expect(seen.logins).toBe(2);
  });

  it('a token that another replica renewed meanwhile is taken over', async () => {
    const { replica, seen } = account();
    const [one, two] = [replica(), replica()];
    const old = await one.credential(call());
    await two.credential(call());
    await one.renew(old, call());
    expect((await two.renew(old, call())).value).toBe('token-2');
    expect(seen.logins).toBe(2);
  });

  it('a caller that gives up leaves the renewal to the others', async () => {
    const { replica, hold, seen } = account();
    const session = replica();
    const release = hold();
    const quitter = new AbortController();
    const lost = session.credential(call(quitter.signal));
    const patient = session.credential(call());
    quitter.abort(new Fault('timeout', 'gave up'));
    await expect(lost).rejects.toMatchObject({ code: 'timeout' });
    release();
    expect((await patient).value).toBe('token-1');
    expect(seen.logins).toBe(1);
  });

  it('a failed login fails those who waited, and the next one tries anew', async () => {
    let refuse = true;
    const base = account();
    const session = loginSession({
      ...base.options,
      login: (c) => (refuse ? Promise.reject(new Fault('unauthenticated', 'no')) : base.options.login(c)),
    });
    await expect(session.credential(call())).rejects.toMatchObject({ code: 'unauthenticated' });
    refuse = false;
    expect((await session.credential(call())).value).toBe('token-1');
  });

  it('lengthens a valid token where the upstream can, and logs in where that fails', async () => {
    const base = account();
    let refreshable = true;
    const session = loginSession({
      ...base.options,
      refresh: () => {
        base.seen.refreshes++;
        return refreshable ? base.issue() : Promise.reject(new Fault('unauthenticated', 'too late'));
      },
    });
    await session.credential(call());
    base.clock.advance(lifeMs - 30_000);
    await session.credential(call());
    expect(base.seen).toEqual({ logins: 1, refreshes: 1 });
    refreshable = false;
    base.clock.advance(lifeMs - 30_000);
    await session.credential(call());
    expect(base.seen).toEqual({ logins: 2, refreshes: 2 });
  });

  it('names the lasting secrets and the token of the moment as secrets', async () => {
    const session = account().replica();
    expect(session.secrets()).toEqual(['hunter2']);
    await session.credential(call());
    expect(session.secrets()).toEqual(['hunter2', 'token-1']);
  });
});
