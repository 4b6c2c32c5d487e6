import type { Fault, Key, Kind } from '@fleetgate/model';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import type { WriteSamples } from './samples.ts';
import type { UpstreamUnderTest } from './upstream.ts';

/** A test that this provider cannot pass, because of its upstream. It must fail: one that passes fails the run. */
export interface Deviation {
  /** `group › name`, as the run prints it */
  readonly test: string;
  readonly reason: string;
}

export interface ConformanceOptions<Schema extends z.ZodType = z.ZodType> {
  readonly definition: ProviderDefinition<Schema>;
  /** A fresh upstream of about `scale` objects, equal for equal seeds, its clock frozen. Every test starts and closes its own. */
  readonly start: (options: { scale: number; seed: string }) => Promise<UpstreamUnderTest>;
  /** Settings with which the upstream lets the provider in; the definition's own schema parses them. */
  readonly settings: (upstream: UpstreamUnderTest) => Readonly<Record<string, unknown>>;
  /** The same with credentials that it refuses. */
  readonly refusedSettings: (upstream: UpstreamUnderTest) => Readonly<Record<string, unknown>>;
  readonly deviations?: readonly Deviation[];
  readonly kinds?: Partial<Record<Kind, KindOptions>>;
  /** What each operation that changes something is tried with; one that the provider has and that is missing here fails the run. */
  readonly writes?: WriteSamples;
  /**
   * A refusal in which the upstream names fields, and how they are called in our inputs; null: it never names any. Required
   * where the provider changes something.
   */
  readonly refusal?: {
    readonly status: number;
    readonly body: unknown;
    readonly details: Fault['details'];
  } | null;
  /** which requests are logins or renewals, by path; default: `login`, `auth…`, `token`, `session` as a part of the path */
  readonly sessionPath?: RegExp;
}

/** What the suite must know of one kind at this upstream. */
export interface KindOptions {
  /**
   * Wire fields that give an object a status word that nobody knows; null: the upstream has no status word for this kind.
   * Required for every kind that has a status.
   */
  readonly unknownStatus?: Record<string, unknown> | null;
  /** the kind under which the upstream's control knows these objects, where they are objects of another kind as well */
  readonly controlKind?: Kind;
  /** the name of an object for the upstream's control; default: the last part of its key */
  readonly controlKey?: (key: Key) => string;
  /** unified fields that the upstream takes and does not show again */
  readonly unshown?: readonly string[];
  /**
   * Wire fields by which somebody else changes an object, where the upstream has versions: a write that expects the object as it
   * was before is a `conflict`.
   */
  readonly versioned?: Record<string, unknown>;
}

export interface ConformanceTest {
  readonly group: string;
  readonly name: string;
  /** Resolves when the provider conforms, rejects with what it did wrong. Starts what it needs and leaves nothing behind. */
  readonly run: () => Promise<void>;
}

export function titleOf(test: { group: string; name: string }): string {
  return `${test.group} › ${test.name}`;
}
