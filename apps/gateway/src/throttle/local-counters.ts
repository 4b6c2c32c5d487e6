import type { Clock } from '@fleetgate/provider-spec';
import { LRUCache } from 'lru-cache';
import { type Count, Counters, type Taken } from './counters.ts';
import type { Rule, RuleSet } from './rules.ts';

/** Windows of one rule that are kept at once; beyond that, the one that was used least lately is forgotten. */
const windowsAtMost = 50_000;

interface Window extends Count {
  used: number;
}

/** The windows of one set of rules, as they were last found; good until one of them ends, or something was forgotten. */
interface Found {
  readonly windows: readonly Window[];
  readonly until: number;
  readonly round: number;
}

/** So long (ms) a set goes by what it has found; then the windows are looked for again, and count as used. */
const foundFor = 1000;

/** One counter, and where it stands. */
export interface Standing extends Count {
  readonly name: string;
  readonly subject: string;
}

/** Counts in this process. `local` is what it says of itself: whether it stands in for counters that cannot be reached. */
export class LocalCounters extends Counters {
  /** by the name of the rule, then by its subject: a crowd of addresses pushes out addresses, never a plan */
  readonly #windows = new Map<string, LRUCache<string, Window>>();
  readonly #found = new WeakMap<RuleSet, Found>();
  #round = 0;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly local = false,
  ) {
    super();
  }

  take(set: RuleSet, tell: (taken: Taken) => void): void {
    tell(this.taken(set));
  }

  look(set: RuleSet, tell: (taken: Taken) => void): void {
    tell(this.looked(set));
  }

  taken(set: RuleSet): Taken {
    const now = this.clock.now();
    const windows = this.#windowsFor(set, now);
    let admitted = true;
    for (let index = 0; index < windows.length; index++) {
      if ((windows[index] as Window).used >= (set.rules[index] as Rule).limit) admitted = false;
    }
    if (admitted) for (const window of windows) window.used += 1;
    return this.#taken(set, windows, now, admitted);
  }

  looked(set: RuleSet): Taken {
    const now = this.clock.now();
    const windows = set.rules.map((rule) => this.#open(rule, now) ?? begun(rule, now));
    return this.#taken(set, windows, now, true);
  }

  /** Gives out all windows that have not ended, and forgets them. */
  drain(): Standing[] {
    const now = this.clock.now();
    const standing = [...this.#windows].flatMap(([name, windows]) =>
      [...windows.entries()]
        .filter(([, window]) => !ended(window, now))
        .map(([subject, { used, end }]) => ({ name, subject, used, end })),
    );
    this.#windows.clear();
    this.#round += 1;
    return standing;
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0;
  }

  /** Counts so many calls more (fewer, below zero) in a window that may have begun elsewhere. */
  add({ name, subject, used, end }: Standing): void {
    const windows = this.#windowsOf(name);
    const window = windows.get(subject);
    if (window) window.used = Math.max(0, window.used + used);
    else if (used > 0) windows.set(subject, { used, end });
  }

  #taken(set: RuleSet, windows: readonly Window[], now: number, admitted: boolean): Taken {
    const counts = windows.map(({ used, end }) => ({ used, end }));
    return { admitted, set, counts, now, local: this.local };
  }

  #windowsFor(set: RuleSet, now: number): readonly Window[] {
    const known = this.#found.get(set);
    // A clock that went back is behind what was found by it.
    if (known && known.round === this.#round && now < known.until && now >= known.until - foundFor) {
      return known.windows;
    }
    const windows = set.rules.map((rule) => this.#windowOf(rule, now));
    const until = Math.min(now + foundFor, ...windows.map(({ end }) => end * 1000));
    this.#found.set(set, { windows, until, round: this.#round });
    return windows;
  }

  #windowsOf(name: string): LRUCache<string, Window> {
    let windows = this.#windows.get(name);
    if (windows === undefined) {
      windows = new LRUCache({ max: windowsAtMost });
      this.#windows.set(name, windows);
    }
    return windows;
  }

  #open({ name, subject }: Rule, now: number): Window | undefined {
    const window = this.#windows.get(name)?.get(subject);
    return window === undefined || ended(window, now) ? undefined : window;
  }

  #windowOf(rule: Rule, now: number): Window {
    const open = this.#open(rule, now);
    if (open) return open;
    const window = begun(rule, now);
    this.#windowsOf(rule.name).set(rule.subject, window);
    return window;
  }
}

function begun({ windowSeconds }: Rule, now: number): Window {
  return { used: 0, end: Math.floor(now / 1000) + windowSeconds };
}

function ended({ end }: Window, now: number): boolean {
  return end * 1000 <= now;
}
