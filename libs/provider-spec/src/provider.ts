import type {
  ClusterGroupRecord,
  ClusterRecord,
  DeploymentRecord,
  Key,
  ProjectRecord,
  ReleaseRecord,
} from '@fleetgate/model';
import type { z } from 'zod';
import type { Hooks } from './hooks.ts';
import type { Host } from './host.ts';
import type { Journal } from './journal.ts';
import type { NativeAccess } from './native.ts';
import type {
  CancelInput,
  CreateClusterInput,
  CreateDeploymentInput,
  CreateProjectInput,
  DeployInput,
  Kubeconfig,
  PatchClusterInput,
  PatchDeploymentInput,
  PatchProjectInput,
  RemoveInput,
  ReplaceDeploymentInput,
  ReplaceProjectInput,
  WriteRules,
  Written,
} from './writes.ts';

/**
 * What every call carries. The provider passes it down with each request it sends and never makes one of its own.
 * `signal` ends the call: the deadline, or a caller that went away.
 */
export interface Call {
  readonly requestId: string;
  /** W3C trace context of the caller: 00-<trace id>-<parent id>-<flags> */
  readonly traceparent: string;
  readonly signal: AbortSignal;
  /** with calls of operations that change something, and only with those: every change goes through a step of it */
  readonly journal?: Journal;
}

/** The one shape of everything that a provider does, so that a wrapper is written once for all. Rejects with `Fault`. */
export type Operation<In, Out> = (input: In, call: Call) => Promise<Out>;

export interface ListInput {
  /** `next` of the page before; absent: the first page. A cursor that this list did not make is `invalid`, field `cursor`. */
  readonly cursor?: string;
  /** how many items the caller would like; the provider takes it as far as its upstream allows */
  readonly limit?: number;
}

export interface GetInput {
  readonly key: Key;
}

/**
 * One page of a walk. `next` is opaque and absent on the last page only: a short or even empty page with `next` is no end.
 * `shifted` says that the upstream changed under the walk in a way that may have hidden a row (its total changed while
 * paging by offset); what such a walk did not see may still be there.
 */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
  readonly shifted?: true;
}

/**
 * One kind of resource at one upstream. `get` of a listed key answers the same record that the list had (the upstream
 * being unchanged); an object that is gone, or that the upstream only keeps as deleted, is not listed and is `not_found`.
 */
export interface Facet<R> {
  readonly list: Operation<ListInput, Page<R>>;
  readonly get: Operation<GetInput, R>;
}

/** Projects, as far as the upstream lets them be changed. */
export interface Projects extends Facet<ProjectRecord> {
  readonly create?: Operation<CreateProjectInput, Written<ProjectRecord>>;
  readonly replace?: Operation<ReplaceProjectInput, Written<ProjectRecord>>;
  readonly patch?: Operation<PatchProjectInput, Written<ProjectRecord>>;
  readonly remove?: Operation<RemoveInput<ProjectRecord>, void>;
}

export interface Deployments extends Facet<DeploymentRecord> {
  readonly create?: Operation<CreateDeploymentInput, Written<DeploymentRecord>>;
  readonly replace?: Operation<ReplaceDeploymentInput, Written<DeploymentRecord>>;
  readonly patch?: Operation<PatchDeploymentInput, Written<DeploymentRecord>>;
  readonly remove?: Operation<RemoveInput<DeploymentRecord>, void>;
  /** Stops the rollout that is under way; `conflict` where there is none. */
  readonly cancel?: Operation<CancelInput, Written<DeploymentRecord>>;
  /** Starts a new release; `conflict` while one is running, where the upstream runs one at a time. */
  readonly deploy?: Operation<DeployInput, Written<ReleaseRecord>>;
}

export interface Clusters extends Facet<ClusterRecord> {
  readonly create?: Operation<CreateClusterInput, Written<ClusterRecord>>;
  readonly patch?: Operation<PatchClusterInput, Written<ClusterRecord>>;
  readonly remove?: Operation<RemoveInput<ClusterRecord>, void>;
  /** The admin's kubeconfig as YAML. A secret: it is never logged, stored or coalesced. */
  readonly kubeconfig?: Operation<GetInput, Kubeconfig>;
}

export interface Account {
  /** who the upstream takes us for, in its words; null where it does not tell */
  readonly name: string | null;
}

/** One linked account. A facet or operation that is present is supported, one that is absent is not: no flags, no stubs. */
export interface Provider {
  readonly account: {
    /** the cheapest call that proves that the upstream is there and takes the credentials */
    readonly identify: Operation<Record<string, never>, Account>;
  };
  readonly projects?: Projects;
  readonly deployments?: Deployments;
  readonly releases?: Facet<ReleaseRecord>;
  readonly clusters?: Clusters;
  readonly clusterGroups?: Facet<ClusterGroupRecord>;
  /** no facet: whoever connects the provider makes the calls that go through */
  readonly native?: NativeAccess;
  /** no facet either: nothing is asked of the upstream */
  readonly hooks?: Hooks;
}

/** What one account may ask of its upstream. The runtime keeps it, over every request, whatever operation sends it. */
export interface Limits {
  /** requests under way at once */
  readonly concurrency: number;
  /** requests per second, averaged; absent: no limit known */
  readonly perSecond?: number;
  /** how many requests may go at once after a rest; default: `perSecond`, at least 1 */
  readonly burst?: number;
  /** false: a read that takes long is not asked a second time, as where every request is counted or costs; default: true */
  readonly hedging?: boolean;
}

export interface ProviderDefinition<Schema extends z.ZodType = z.ZodType> {
  /** the word used in configuration and answers: `fleet-manager` */
  readonly id: string;
  /** for people: `Scale Computing Fleet Manager` */
  readonly title: string;
  /** strict; every secret carries `.meta({ secret: true })` */
  readonly settings: Schema;
  /** valid settings for documentation; connecting with them shows what the provider can do, without any call */
  readonly example: z.input<Schema>;
  readonly limits: (settings: z.output<Schema>) => Limits;
  /** what each operation that changes something takes, by facet and operation; every one that a facet has is named here */
  readonly writes?: WriteRules;
  /** Wires, and does no I/O. */
  readonly connect: (settings: z.output<Schema>, host: Host) => Provider;
}
