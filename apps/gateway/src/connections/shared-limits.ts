import type { Asked, Granted, SharedLimits } from '@fleetgate/provider-runtime';
import type { Clock } from '@fleetgate/provider-spec';
import type { Replicas } from '../redis/replicas.ts';
import type { SharedRedis } from '../redis/shared-redis.ts';
import { LocalShare } from './local-share.ts';
import { scripts } from './shared-limits-script.ts';

/** For how long what was granted may be used, in milliseconds: a pause that another process was asked for is heard of after that. */
const grantedFor = 100;
/** Shares that nobody has touched for so long, in milliseconds, are full again, and need not be kept. */
const idleAfter = 60_000;

/** How often the limits of an account were asked for. */
export interface LimitFigures {
  shared: number;
  /** by this process alone, as Redis was lost */
  local: number;
}

/**
 * The limits of upstream accounts, kept in Redis by all gateways and workers together. Where Redis is lost, or does not answer in
 * time, this process gives its own share: the declared rate by the number of processes last seen. Connections are made before
 * Redis is there; until `join` they have a share of the whole.
 */
export class UpstreamLimits {
  readonly figures: LimitFigures = { shared: 0, local: 0 };
  /** of the accounts that were used while Redis was lost */
  readonly #local = new Map<string, LocalShare>();
  #shared: { readonly redis: SharedRedis; readonly replicas: Replicas } | undefined;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  join(shared: { readonly redis: SharedRedis; readonly replicas: Replicas }): void {
    shared.redis.define(scripts);
    this.#shared = shared;
  }

  /** `account`: says nothing to whoever reads it in Redis */
  of(account: string): SharedLimits {
    const key = `limits:${account}`;
    let pausedUntil = 0;
    const ask = (asked: Asked) => this.#ask(key, asked, Math.max(0, pausedUntil - this.clock.now()));
    let limits: Asked['limits'] | undefined;
    return {
      take: async (asked) => {
        limits = asked.limits;
        const granted = await ask(asked).catch(() => undefined); // Redis says for itself that it is lost; nobody waits for it
        this.figures[granted ? 'shared' : 'local'] += 1;
        return granted ?? this.#alone(key, asked);
      },
      // What is not heard now goes with whatever is asked next.
      pause: (ms) => {
        pausedUntil = Math.max(pausedUntil, this.clock.now() + ms);
        if (limits) ask({ limits, wanted: 0, keep: 0 }).catch(() => undefined); // as above
      },
    };
  }

  async #ask(key: string, { limits, wanted, keep }: Asked, pauseMs: number): Promise<Granted | undefined> {
    if (!this.#shared?.redis.up) return undefined;
    const { perSecond = 0, burst = Math.max(1, perSecond) } = limits;
    // Who was alone for a while has used what the others know nothing of.
    const wasAlone = this.#local.delete(key);
    const [granted = 0, againInMs = 0, pausedMs = 0] = await this.#shared.redis.ask((client) =>
      client.limitsTake(1, key, perSecond / 1000, burst, wanted, keep, Math.ceil(pauseMs), wasAlone ? 1 : 0),
    );
    const requests = perSecond === 0 && granted > 0 ? Number.POSITIVE_INFINITY : granted;
    return { requests, forMs: grantedFor, againInMs, pausedMs };
  }

  #alone(key: string, asked: Asked): Granted {
    const now = this.clock.now();
    let share = this.#local.get(key);
    if (!share) {
      for (const [other, { usedAt }] of this.#local) if (now - usedAt > idleAfter) this.#local.delete(other);
      share = new LocalShare(now);
      this.#local.set(key, share);
    }
    return { ...share.take(asked, this.#shared?.replicas.count ?? 1, now), forMs: grantedFor, pausedMs: 0 };
  }
}
