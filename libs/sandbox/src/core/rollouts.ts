import { type Clock, worldEpoch } from './clock.ts';
import type { Keys } from './keys.ts';
import { hashAt, randomFrom } from './random.ts';

export type RolloutPhase = 'created' | 'pending' | 'running' | 'success' | 'failed' | 'cancelled';

/** One execution of something that is rolled out again and again. Times are virtual ms since the Unix epoch. */
export interface Rollout {
  /** Index of the thing that is rolled out. */
  parent: number;
  /** 1 for the first ever of that parent. */
  sequence: number;
  phase: RolloutPhase;
  createdAt: number;
  /** When the phase last changed. */
  changedAt: number;
  /** When it ended; null while it has not. */
  completedAt: number | null;
  /** A client asked for it; it did not begin by itself. */
  asked: boolean;
}

export interface RolloutsSpec {
  readonly clock: Clock;
  readonly seed: number;
  /** How many seeded parents, and when each was created (ms). */
  readonly parents: number;
  createdAt(parent: number): number;
  /** How many seeded rollouts the parents have, in turn: [3, 0, 1] gives parent 0 three, 1 none, 2 one, 3 three, and so on. */
  readonly pattern: readonly number[];
  /** True: this parent is rolled out again every 10 to 20 minutes; only its latest ones are kept, so the number stays. */
  busy(parent: number): boolean;
  readonly keys: Keys;
}

const low = 0x100_0000; // a key's value: generation * 2^24 + index
const firstGeneration = 64; // generations before the epoch exist too, and none is negative
const minute = 60_000;
const second = 1000;
/** How long ago the newest rollout of busy parents had begun at the epoch: one that waits, one queued, one running, one done. */
const elapsedAtEpoch = [10 * second, 45 * second, 100 * second, 9 * minute];

/**
 * Which rollouts there are at a moment, by arithmetic. A busy parent keeps a window of its newest generations: every period a new one
 * appears and the oldest is forgotten, so that indexes, totals and offsets stand still while the objects live and die.
 */
export class Rollouts {
  /** How many seeded ones there are, always. */
  readonly size: number;
  private readonly spec: RolloutsSpec;
  private readonly before: number[] = []; // rollouts before the n-th place of the pattern
  private readonly perBlock: number;
  private readonly pinned = new Map<number, number>();

  constructor(spec: RolloutsSpec) {
    this.spec = spec;
    let sum = 0;
    for (const count of spec.pattern) {
      this.before.push(sum);
      sum += count;
    }
    this.perBlock = sum;
    this.size = this.firstOf(spec.parents);
  }

  /** Index of the parent's first seeded rollout. */
  firstOf(parent: number): number {
    const width = this.spec.pattern.length;
    return Math.floor(parent / width) * this.perBlock + (this.before[parent % width] ?? 0);
  }

  /** How many seeded rollouts the parent has; none for one that was added at run time. */
  countOf(parent: number): number {
    if (parent >= this.spec.parents) return 0;
    return this.spec.pattern[parent % this.spec.pattern.length] ?? 0;
  }

  parentOf(index: number): number {
    const block = Math.floor(index / this.perBlock);
    const within = index % this.perBlock;
    let place = this.before.length - 1;
    while ((this.before[place] ?? 0) > within || this.spec.pattern[place] === 0) place -= 1;
    return block * this.spec.pattern.length + place;
  }

  /** No new rollout begins for this parent from now on: what a test has touched shall stay where it is. */
  pin(parent: number): void {
    if (!this.pinned.has(parent)) this.pinned.set(parent, this.newestGeneration(parent));
  }

  /** Keys that follow a rollout while it moves through its parent's window. */
  keys(): Keys {
    return {
      keyOf: (index) => this.spec.keys.keyOf(this.valueAt(index)),
      valueOf: (key) => {
        const value = this.spec.keys.valueOf(key);
        return value === undefined ? undefined : this.indexWith(value);
      },
    };
  }

  /** A seeded rollout as it is now. */
  at(index: number): Rollout {
    const parent = this.parentOf(index);
    const count = this.countOf(parent);
    const place = index - this.firstOf(parent);
    if (this.isBusy(parent)) {
      const generation = this.newestGeneration(parent) - (count - 1 - place);
      const createdAt =
        worldEpoch - this.elapsedAtEpoch(parent) + (generation - firstGeneration) * this.periodOf(parent);
      const sequence = generation - firstGeneration + count;
      return this.live(parent, sequence, createdAt, hashAt(this.spec.seed + parent, generation));
    }
    const born = this.spec.createdAt(parent);
    const seed = hashAt(this.spec.seed, index);
    // Evenly from the parent's creation to the epoch, each a little early by chance: the order is that of the index.
    const share = (place + 1 - randomFrom(seed).next() * 0.9) / (count + 0.1);
    return this.live(parent, place + 1, Math.floor(born + (worldEpoch - born) * share), seed);
  }

  /** A rollout that began at `createdAt`, as it is now; the seed decides how long it takes and, unless it was asked for, how it ends. */
  live(parent: number, sequence: number, createdAt: number, seed: number, asked = false): Rollout {
    const random = randomFrom(seed ^ 0x5bd1e995);
    const runs = random.between(120, 300) * second; // most deploys take 2 to 5 minutes
    const ending = random.next();
    const elapsed = this.spec.clock.now() - createdAt;
    const steps: [RolloutPhase, number][] = [
      ['created', 0],
      ['pending', 30 * second],
      ['running', minute],
      [asked || ending < 0.82 ? 'success' : ending < 0.95 ? 'failed' : 'cancelled', minute + runs],
    ];
    const [phase, since] = steps.findLast(([, from]) => from <= elapsed) ?? ['created', 0];
    const changedAt = createdAt + since;
    const completedAt = since > minute ? changedAt : null;
    return { parent, sequence, phase, createdAt, changedAt, completedAt, asked };
  }

  private isBusy(parent: number): boolean {
    return this.countOf(parent) > 0 && this.spec.busy(parent);
  }

  private valueAt(index: number): number {
    if (index >= this.size) return index; // added at run time
    const parent = this.parentOf(index);
    if (!this.isBusy(parent)) return index;
    const first = this.firstOf(parent);
    const generation = this.newestGeneration(parent) - (this.countOf(parent) - 1 - (index - first));
    return generation * low + first;
  }

  private indexWith(value: number): number | undefined {
    const generation = Math.floor(value / low);
    const index = value % low;
    if (generation === 0) return index;
    const parent = this.parentOf(index);
    const place = this.countOf(parent) - 1 - (this.newestGeneration(parent) - generation);
    return place < 0 || place >= this.countOf(parent) ? undefined : index + place;
  }

  private newestGeneration(parent: number): number {
    const pinned = this.pinned.get(parent);
    if (pinned !== undefined) return pinned;
    const elapsed = this.spec.clock.now() - worldEpoch + this.elapsedAtEpoch(parent);
    return firstGeneration + Math.floor(elapsed / this.periodOf(parent));
  }

  private periodOf(parent: number): number {
    return (10 + (hashAt(this.spec.seed ^ 0x2545f491, parent) % 11)) * minute;
  }

  private elapsedAtEpoch(parent: number): number {
    const turn = parent + Math.floor(parent / elapsedAtEpoch.length); // in no step with any pattern
    return elapsedAtEpoch[turn % elapsedAtEpoch.length] ?? 0;
  }
}
