import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** The kinds of the unified model, by which tests name what an upstream holds. */
export type ObjectKind = 'project' | 'deployment' | 'release' | 'cluster' | 'cluster_group';

export const objectKinds: readonly ObjectKind[] = [
  'project',
  'deployment',
  'release',
  'cluster',
  'cluster_group',
];

/** Everything that an emulator may depend on: same seed, scale and time, same answers. */
export interface World {
  readonly clock: Clock;
  /** About how many unified objects in all, 10..100000. */
  readonly scale: number;
  readonly seed: string;
  /** A stream of its own for every name; the same name starts the same stream again. */
  random(name: string): Random;
  /** A 32-bit seed for every name, for `Population`, `uuidKeys` and `hexKeys`. */
  seedOf(name: string): number;
  /** The next of a deterministic series of UUIDs: request ids, tokens. */
  newId(): string;
}

/** A whole answer, as it goes over the wire (body: JSON value, or text as it is). */
export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Thrown by a route: becomes that answer. */
export class WireError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.name = 'WireError';
    this.answer = answer;
  }
}

/** What can be done to the objects of an upstream from outside (see Control). */
export interface ObjectControls {
  add(kind: ObjectKind, count: number): string[];
  remove(kind: ObjectKind, key: string): boolean;
  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean;
  size(kind: ObjectKind): number;
}

export interface EmulatorInstance extends ObjectControls {
  /** Registers its paths, authentication included. May add hooks: `app` is a scope of its own, with its base path already set. */
  routes(app: FastifyInstance): void;
  /** That upstream's own error body for a status, also for bad JSON (400), 404, 413, 415 and injected faults. */
  error(status: number): Answer;
  /** For an unknown path or method, when the body names it; `error(404)` otherwise. `url` is the path with the query. */
  notFound?(method: string, url: string): Answer;
  /** How it refuses an expired or unknown credential. */
  refuse(): Answer;
  /** Every token issued so far is refused from now on; static keys are not touched. */
  expireSessions(): void;
}

export interface Emulator {
  /** as the provider is called: `fleet-manager` */
  readonly name: string;
  /** '/api/v2', or '' where the paths start at the origin. */
  readonly basePath: string;
  /** A valid set, named as the settings of the provider. */
  readonly credentials: Readonly<Record<string, string>>;
  create(world: World): EmulatorInstance;
}
