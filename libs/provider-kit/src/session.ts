import { Fault } from '@fleetgate/model';
import type { Call, Host, StoredToken } from '@fleetgate/provider-spec';

/** What proves to the upstream who we are: the headers that carry it. Compared by identity of `value`. */
export interface Credential {
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Who we are at the upstream. `renew` is told which credential was refused, so that a late refusal of an old one does not
 * throw away the new one.
 */
export interface Session {
  /** What is good for now without asking anybody. */
  held(): Credential | undefined;
  credential(call: Call): Promise<Credential>;
  /** Rejects with `unauthenticated` where there is nothing better to offer than what was refused. */
  renew(refused: Credential, call: Call): Promise<Credential>;
  /** every value that must never be seen in a message */
  secrets(): readonly string[];
}

/** A key that never changes: a refusal is final. */
export function staticSession(value: string, headers: Readonly<Record<string, string>>): Session {
  const credential = { value, headers };
  return {
    held: () => credential,
    credential: () => Promise.resolve(credential),
    renew: () => Promise.reject(new Fault('unauthenticated', 'the upstream refuses the credentials')),
    secrets: () => [value],
  };
}

export interface LoginOptions {
  host: Pick<Host, 'clock' | 'random' | 'tokens'>;
  /** name of the token in the store: one per account, so that two connections to one account share it */
  name: string;
  headers: (token: string) => Record<string, string>;
  /** Gets a new token from the lasting credentials. */
  login: (call: Call) => Promise<StoredToken>;
  /** Lengthens a token that is still valid; absent where the upstream has no such call. */
  refresh?: (token: StoredToken, call: Call) => Promise<StoredToken>;
  /** renew this long before the token ends, in milliseconds */
  earlyMs: number;
  /** bound on one renewal, in milliseconds */
  renewalMs: number;
  /** the lasting secrets, to be kept out of messages */
  secrets: readonly string[];
}

/**
 * A session with a token that ends. One renewal at a time: shared by every caller of this process, owned by none (a caller
 * that gives up does not end it), and exclusive over all replicas through the token store.
 */
export function loginSession(options: LoginOptions): Session {
  const { host, name, login, refresh, earlyMs, renewalMs } = options;
  let current: StoredToken | undefined;
  let renewal: Promise<StoredToken> | undefined;

  const usable = (token: StoredToken | undefined, refused?: string): token is StoredToken =>
    token !== undefined && token.value !== refused && token.expiresAt > host.clock.now();

  const fresh = (token: StoredToken): boolean => token.expiresAt - earlyMs > host.clock.now();

  async function obtain(refused: string | undefined, call: Call): Promise<StoredToken> {
    return host.tokens.exclusive(name, async () => {
      // Another replica may have renewed while this one waited for its turn.
      const stored = await host.tokens.read(name);
      if (usable(stored, refused) && fresh(stored)) return stored;
      const token =
        refresh && usable(stored, refused) ? await refreshOrLogin(stored, call) : await login(call);
      await host.tokens.write(name, token);
      return token;
    });
  }

  async function refreshOrLogin(token: StoredToken, call: Call): Promise<StoredToken> {
    try {
      return await (refresh as NonNullable<typeof refresh>)(token, call);
    } catch (error) {
      // A token that can no longer be lengthened is no failure as long as a login works; anything else is.
      if (error instanceof Fault && ['unauthenticated', 'not_found', 'invalid'].includes(error.code)) {
        return login(call);
      }
      throw error;
    }
  }

  function renewShared(refused: string | undefined, call: Call): Promise<StoredToken> {
    renewal ??= (async () => {
      const signal = AbortSignal.timeout(renewalMs);
      current = await obtain(refused, { ...call, signal });
      return current;
    })().finally(() => {
      renewal = undefined;
    });
    return untilAborted(renewal, call.signal);
  }

  const asCredential = (token: StoredToken): Credential => ({
    value: token.value,
    headers: options.headers(token.value),
  });

  const held = () => (usable(current) && fresh(current) ? asCredential(current) : undefined);

  return {
    held,
    async credential(call) {
      const known = held();
      if (known) return known;
      const stored = await host.tokens.read(name);
      if (usable(stored) && fresh(stored)) {
        current = stored;
        return asCredential(stored);
      }
      return asCredential(await renewShared(undefined, call));
    },
    async renew(refused, call) {
      if (usable(current, refused.value)) return asCredential(current);
      return asCredential(await renewShared(refused.value, call));
    },
    secrets: () => (current ? [...options.secrets, current.value] : options.secrets),
  };
}

/** Waits for `work` no longer than the signal allows; the work itself goes on. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
