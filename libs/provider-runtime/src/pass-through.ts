import { faultOfSignal } from './call.ts';
import { Passing } from './pass-through-call.ts';
import type { PassThrough, PassThroughParts } from './pass-through-parts.ts';
import { Rounds } from './rounds.ts';

/** How late a bound may be noticed: a part of the shortest one, and never more; milliseconds. */
const [partOfBound, latest] = [0.1, 1_000];

export function createPassThrough(parts: PassThroughParts): PassThrough {
  const { headMs, idleMs, totalMs } = parts.bounds;
  const { origin, pathname } = new URL(parts.access.baseUrl);
  const every = Math.ceil(Math.min(latest, Math.min(headMs, idleMs, totalMs) * partOfBound));
  const rounds = new Rounds<Passing>(every);
  const way = { ...parts, origin, basePath: pathname.replace(/\/$/, ''), rounds };
  const { ended } = parts;
  ended?.addEventListener(
    'abort',
    () => {
      for (const one of rounds) one.stop(faultOfSignal(ended));
    },
    { once: true },
  );
  return {
    pass(request, sink, caller) {
      const passing = new Passing(way, request, sink, caller);
      passing.begin();
      return passing;
    },
  };
}
