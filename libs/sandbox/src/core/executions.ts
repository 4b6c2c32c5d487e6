import type { Clock } from './clock.ts';
import { Population } from './population.ts';
import { hashAt } from './random.ts';
import { type Rollout, Rollouts, type RolloutsSpec } from './rollouts.ts';

export interface ExecutionsSpec<T extends object> extends RolloutsSpec {
  readonly clock: Clock;
  /** The live parents, by index: an execution that is added at run time goes to one of them, in turn. */
  liveParents(): { size: number; indexes(start: number, count: number): number[] };
  /** The object as it goes over the wire. Parent and sequence are what stays the same while it ages; its index does not. */
  build(rollout: Rollout, key: string): T;
}

/** The executions of all parents: the seeded ones by arithmetic, and those added at run time. */
export class Executions<T extends object> {
  readonly population: Population<T>;
  private readonly spec: ExecutionsSpec<T>;
  private readonly rollouts: Rollouts;
  private readonly addedParents: number[] = [];
  private readonly addedOf = new Map<number, number[]>();
  private readonly asked = new Set<number>();

  constructor(spec: ExecutionsSpec<T>) {
    this.spec = spec;
    this.rollouts = new Rollouts(spec);
    const keys = this.rollouts.keys();
    this.population = new Population<T>({
      clock: spec.clock,
      seed: spec.seed,
      seeded: this.rollouts.size,
      keys,
      build: (index, { addedAt }) => spec.build(this.rolloutAt(index, addedAt), keys.keyOf(index)),
    });
  }

  /** Those of one parent, oldest first. */
  of(parent: number): T[] {
    const indexes = this.indexesOf(parent);
    const dated = indexes.map((index) => ({ index, at: this.createdAt(index) }));
    dated.sort((one, other) => one.at - other.at);
    return dated.flatMap(({ index }) => this.population.byIndex(index) ?? []);
  }

  parentOf(index: number): number {
    return this.addedParents[index - this.rollouts.size] ?? this.rollouts.parentOf(index);
  }

  add(count: number): string[] {
    const parents = this.spec.liveParents();
    if (parents.size === 0) throw new RangeError('there is nothing left that could be rolled out');
    const turns = Array.from(
      { length: count },
      (_, turn) => (this.addedParents.length + turn) % parents.size,
    );
    const chosen = turns.map((position) => parents.indexes(position, 1)[0] ?? 0);
    return chosen.map((parent) => this.begin(parent));
  }

  /** One that a client asked for: nothing else of this parent begins by itself any more, and it ends well. */
  ask(parent: number): string {
    this.pin(parent);
    this.asked.add(this.rollouts.size + this.addedParents.length);
    return this.begin(parent);
  }

  /** From now on nothing of this parent changes by itself, but what runs comes to its end. */
  pin(parent: number): void {
    this.rollouts.pin(parent);
  }

  remove(key: string): boolean {
    this.pinParentOf(key);
    return this.population.remove(key);
  }

  removeAllOf(parent: number): void {
    this.pin(parent);
    for (const index of this.indexesOf(parent)) this.population.remove(this.population.keyAt(index));
  }

  touch(key: string, change: Record<string, unknown>): boolean {
    this.pinParentOf(key);
    return this.population.touch(key, change);
  }

  private begin(parent: number): string {
    const index = this.rollouts.size + this.addedParents.push(parent) - 1;
    this.addedOf.set(parent, [...(this.addedOf.get(parent) ?? []), index]);
    return this.population.add(1)[0] ?? '';
  }

  private pinParentOf(key: string): void {
    const index = this.population.indexOf(key);
    if (index !== undefined) this.pin(this.parentOf(index));
  }

  private indexesOf(parent: number): number[] {
    const first = this.rollouts.firstOf(parent);
    const seeded = Array.from({ length: this.rollouts.countOf(parent) }, (_, place) => first + place);
    return [...seeded, ...(this.addedOf.get(parent) ?? [])].filter((index) => this.population.has(index));
  }

  private createdAt(index: number): number {
    return this.rolloutAt(index, this.population.addedAtOf(index)).createdAt;
  }

  private rolloutAt(index: number, addedAt: number | null): Rollout {
    if (addedAt === null) return this.rollouts.at(index);
    const parent = this.parentOf(index);
    const sequence = this.rollouts.countOf(parent) + 1 + (this.addedOf.get(parent) ?? []).indexOf(index);
    const seed = hashAt(this.spec.seed, index);
    return this.rollouts.live(parent, sequence, addedAt, seed, this.asked.has(index));
  }
}
