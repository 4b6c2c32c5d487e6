import type { Clock } from './clock.ts';
import type { ObjectControls, ObjectKind } from './emulator.ts';
import type { Keys } from './keys.ts';
import { hashAt, type Random, randomFrom } from './random.ts';

export interface BuildContext {
  /** Virtual ms since the Unix epoch. */
  readonly now: number;
  /** When the object was added at run time, virtual ms; null for a seeded one. */
  readonly addedAt: number | null;
  /** The same stream at every build of the same object. Draw in a fixed order, and never depending on `now`. */
  readonly random: Random;
}

export interface PopulationSpec<T extends object> {
  readonly clock: Clock;
  /** A 32-bit seed (world.seedOf(kind)). */
  readonly seed: number;
  /** How many objects there are at the start; indexes 0..seeded-1. Those added later get the next indexes. */
  readonly seeded: number;
  readonly keys: Keys;
  /** The object as it goes over the wire, from nothing but its arguments. */
  build(index: number, context: BuildContext): T;
}

/**
 * The objects of one kind. Object i is computed when asked for and never stored, so that a hundred thousand of them cost nothing at
 * the start; only what was added, removed or touched at run time is kept. Order: by index, i.e. seeded ones first, then as added.
 * `slice` costs O(count + log removed) at any offset.
 */
export class Population<T extends object> {
  private readonly spec: PopulationSpec<T>;
  private readonly addedAt: number[] = [];
  private readonly removed: number[] = []; // sorted
  private readonly touched = new Map<string, Record<string, unknown>>();

  constructor(spec: PopulationSpec<T>) {
    this.spec = spec;
  }

  /** How many there are now. */
  get size(): number {
    return this.spec.seeded + this.addedAt.length - this.removed.length;
  }

  /** Indexes at the live positions start .. start+count-1, fewer at the end. */
  indexes(start: number, count: number): number[] {
    const found: number[] = [];
    const end = this.spec.seeded + this.addedAt.length;
    for (let index = this.indexAt(start); index < end && found.length < count; index += 1) {
      if (!this.isRemoved(index)) found.push(index);
    }
    return found;
  }

  slice(start: number, count: number): T[] {
    return this.indexes(start, count).map((index) => this.build(index));
  }

  /** The objects for which `keep` holds: O(size), for filters that no arithmetic answers. */
  filter(keep: (object: T) => boolean): T[] {
    return this.slice(0, this.size).filter(keep);
  }

  get(key: string): T | undefined {
    const index = this.indexOf(key);
    return index === undefined ? undefined : this.build(index);
  }

  /** undefined: never issued, or removed. */
  indexOf(key: string): number | undefined {
    const index = this.spec.keys.valueOf(key);
    return index === undefined || !this.has(index) ? undefined : index;
  }

  has(index: number): boolean {
    return index >= 0 && index < this.spec.seeded + this.addedAt.length && !this.isRemoved(index);
  }

  byIndex(index: number): T | undefined {
    return this.has(index) ? this.build(index) : undefined;
  }

  keyAt(index: number): string {
    return this.spec.keys.keyOf(index);
  }

  /** When an object was added at run time, virtual ms; null for a seeded one. */
  addedAtOf(index: number): number | null {
    return this.addedAt[index - this.spec.seeded] ?? null;
  }

  add(count: number): string[] {
    const keys: string[] = [];
    for (let made = 0; made < count; made += 1) {
      this.addedAt.push(this.spec.clock.now());
      keys.push(this.keyAt(this.spec.seeded + this.addedAt.length - 1));
    }
    return keys;
  }

  remove(key: string): boolean {
    const index = this.indexOf(key);
    if (index === undefined) return false;
    this.removed.splice(this.removedUpTo(index), 0, index);
    return true;
  }

  touch(key: string, change: Record<string, unknown>): boolean {
    if (this.indexOf(key) === undefined) return false;
    this.touched.set(key, mergeDeep(this.touched.get(key) ?? {}, change));
    return true;
  }

  /** How many live ones have an index up to and including this one: the position at which a walk by index goes on. */
  positionAfter(index: number): number {
    const end = Math.min(index + 1, this.spec.seeded + this.addedAt.length);
    return Math.max(0, end - this.removedUpTo(end));
  }

  private build(index: number): T {
    const made = this.spec.build(index, {
      now: this.spec.clock.now(),
      addedAt: this.addedAtOf(index),
      random: randomFrom(hashAt(this.spec.seed, index)),
    });
    if (this.touched.size === 0) return made;
    const change = this.touched.get(this.keyAt(index));
    return change === undefined ? made : (mergeDeep(made as Record<string, unknown>, change) as T);
  }

  private isRemoved(index: number): boolean {
    return this.removed[this.removedUpTo(index)] === index;
  }

  /** How many removed indexes lie below `index`. */
  private removedUpTo(index: number): number {
    let low = 0;
    let high = this.removed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.removed[middle] ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index at a live position: every removed one at or before it pushes it on by one. */
  private indexAt(position: number): number {
    let low = 0;
    let high = this.removed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.removed[middle] ?? 0) - middle <= position) low = middle + 1;
      else high = middle;
    }
    return position + low;
  }
}

/** Objects are merged member by member; anything else, arrays too, is replaced. Neither argument is changed. */
export function mergeDeep(
  base: Record<string, unknown>,
  change: Record<string, unknown>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(change)) {
    const before = merged[name];
    merged[name] = isRecord(before) && isRecord(value) ? mergeDeep(before, value) : value;
  }
  return merged;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The controls of an upstream whose kinds are plain populations. A kind that it does not have: size 0, and `add` is refused. */
export function populationControls(
  populations: Partial<Record<ObjectKind, Pick<Population<object>, 'add' | 'remove' | 'touch' | 'size'>>>,
): ObjectControls {
  return {
    add: (kind, count) => {
      const population = populations[kind];
      if (population === undefined) throw new RangeError(`this upstream has no ${kind}`);
      return population.add(count);
    },
    remove: (kind, key) => populations[kind]?.remove(key) ?? false,
    touch: (kind, key, change) => populations[kind]?.touch(key, change) ?? false,
    size: (kind) => populations[kind]?.size ?? 0,
  };
}
