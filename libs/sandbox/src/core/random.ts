/** Deterministic numbers: a stream depends on nothing but its seed. Not for secrets. */
export interface Random {
  /** 0 (included) to 1 (excluded). */
  next(): number;
  /** A whole number, `from` and `to` included. */
  between(from: number, to: number): number;
  pick<T>(list: readonly T[]): T;
  /** True with that probability (0..1). */
  chance(probability: number): boolean;
}

/** Murmur3's finaliser: spreads every bit of a 32-bit number over all of it. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A 32-bit number from a text (FNV-1a, then mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** A 32-bit number from a seed and an index: the same two, the same number. */
export function hashAt(seed: number, index: number): number {
  return mix(mix(seed ^ 0x9e3779b9) + Math.imul(index | 0, 0x9e3779b1) + Math.floor(index / 0x1_0000_0000));
}

/** A stream (mulberry32) that starts from a 32-bit seed. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (list) => {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new RangeError('pick wants a list that is not empty');
      return picked;
    },
    chance: (probability) => next() < probability,
  };
}
