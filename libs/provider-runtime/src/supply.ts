import type { Clock, Limits } from '@fleetgate/provider-spec';
import type { Granted, SharedLimits } from './shared-limits.ts';

/** Where a limiter has its rate from. */
export interface Supply {
  /**
   * When one request may go with `keep` others still to come: now, or later. Infinity: that is being asked, and `onAnswer` says
   * when it is known.
   */
  nextAt(now: number, keep: number): number;
  /** One goes. */
  take(): void;
}

/** A bucket of this limiter's own. */
export function ownSupply({ perSecond }: Limits, burst: number, clock: Clock): Supply {
  if (perSecond === undefined) return { nextAt: (now) => now, take: () => undefined };
  let tokens = burst;
  let filledAt = clock.now();
  return {
    nextAt(now, keep) {
      tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) * perSecond) / 1000);
      filledAt = now;
      const missing = 1 + keep - tokens;
      return missing <= 0 ? now : now + Math.ceil((missing * 1000) / perSecond);
    },
    take() {
      tokens -= 1;
    },
  };
}

/** the part of a second for which requests are taken in advance, so that a fast line does not ask for each of them */
const ahead = 0.1;
/** Who was refused asks again after so many milliseconds at the latest: who gives may have changed meanwhile. */
const longestRefusal = 1000;

/** What all processes share, taken in small lots, one question at a time. */
export function sharedSupply(
  limits: Limits,
  shared: SharedLimits,
  clock: Clock,
  onAnswer: (granted: Granted) => void,
): Supply {
  const lot = Math.max(1, Math.floor((limits.perSecond ?? 1) * ahead));
  let held = 0;
  let heldUntil = 0;
  let refused: { keep: number; until: number } | undefined;
  let asking = false;

  async function ask(keep: number): Promise<void> {
    asking = true;
    const granted = await shared.take({ limits, wanted: lot, keep });
    asking = false;
    const now = clock.now();
    held = granted.requests;
    heldUntil = now + granted.forMs;
    refused =
      held >= 1 ? undefined : { keep, until: now + Math.min(longestRefusal, Math.max(1, granted.againInMs)) };
    onAnswer(granted);
  }

  return {
    nextAt(now, keep) {
      if (held >= 1 && now < heldUntil) return now;
      if (asking) return Number.POSITIVE_INFINITY;
      // Whoever needs less than the one that was refused may be luckier.
      if (refused && now < refused.until && keep >= refused.keep) return refused.until;
      void ask(keep);
      return Number.POSITIVE_INFINITY;
    },
    take() {
      held -= 1;
    },
  };
}
