import type { Asked, Granted } from '@fleetgate/provider-runtime';

/** What one of several processes gives of an account's rate when it cannot ask the others. */
export class LocalShare {
  /** One: what all of them together have used just before is not known any more. */
  #tokens = 1;
  #filledAt: number;

  /** times in milliseconds since the epoch */
  constructor(now: number) {
    this.#filledAt = now;
  }

  get usedAt(): number {
    return this.#filledAt;
  }

  take(
    { limits, wanted, keep }: Asked,
    processes: number,
    now: number,
  ): Pick<Granted, 'requests' | 'againInMs'> {
    const { perSecond, burst = Math.max(1, perSecond ?? 1) } = limits;
    const passed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    if (perSecond === undefined) return { requests: Number.POSITIVE_INFINITY, againInMs: 0 };
    const perMs = perSecond / 1000 / processes;
    const most = Math.max(1, Math.floor(burst / processes));
    this.#tokens = Math.min(most, this.#tokens + passed * perMs);
    const kept = Math.min(keep, most - 1);
    const requests = Math.max(0, Math.min(wanted, Math.floor(this.#tokens - kept)));
    this.#tokens -= requests;
    return { requests, againInMs: requests > 0 ? 0 : Math.ceil((1 + kept - this.#tokens) / perMs) };
  }
}
