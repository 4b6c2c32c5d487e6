import type {
  ClusterCreate,
  ClusterPatch,
  ClusterRecord,
  DeploymentCreate,
  DeploymentPatch,
  DeploymentRecord,
  DeploymentReplace,
  Key,
  Kind,
  ProjectCreate,
  ProjectPatch,
  ProjectRecord,
  ProjectReplace,
} from '@fleetgate/model';
import type { z } from 'zod';
import type { FacetName, WriteOperation } from './facets.ts';

/** What a change left: the object's key, and the object itself where the upstream answered with it. Without it, `get` tells. */
export interface Written<R> {
  readonly key: Key;
  readonly record?: R;
  /** other objects that the change made or changed, for whoever keeps a copy of them */
  readonly touched?: readonly { readonly kind: Kind; readonly key: Key }[];
}

/** What callers send, with upstream keys in place of ids and without what is the gateway's own business. `spec` has passed the rule's schema. */
type Input<T> = Omit<T, 'connection' | 'project_id' | 'target' | 'deployment' | 'spec'> & {
  readonly spec?: unknown;
};

interface Target {
  readonly target?: { readonly kind: 'cluster' | 'cluster_group'; readonly key: Key };
}

/** The object that a caller saw before it asked for the change; an upstream with versions of its own is told that one. */
interface Existing<R> {
  readonly key: Key;
  readonly expected?: R;
}

export interface CreateProjectInput {
  readonly value: Input<ProjectCreate>;
}
export interface ReplaceProjectInput extends Existing<ProjectRecord> {
  readonly value: Input<ProjectReplace>;
}
export interface PatchProjectInput extends Existing<ProjectRecord> {
  readonly value: Input<ProjectPatch>;
}

export interface CreateDeploymentInput {
  /** absent: the provider has no projects, or the caller named none */
  readonly projectKey?: Key;
  readonly value: Input<DeploymentCreate> & Target;
}
export interface ReplaceDeploymentInput extends Existing<DeploymentRecord> {
  readonly value: Input<DeploymentReplace> & Target;
}
export interface PatchDeploymentInput extends Existing<DeploymentRecord> {
  readonly value: Input<DeploymentPatch> & Target;
}
export interface CancelInput {
  readonly key: Key;
}
export interface DeployInput {
  readonly key: Key;
  readonly value: { readonly version?: string | undefined; readonly spec?: unknown };
}

export interface CreateClusterInput {
  readonly projectKey?: Key;
  readonly value: Input<ClusterCreate>;
}
export interface PatchClusterInput extends Existing<ClusterRecord> {
  readonly value: Input<ClusterPatch>;
}

export interface RemoveInput<R> extends Existing<R> {
  /** do it whatever state the object is in; only where the rule names the option */
  readonly force?: boolean;
  /** take along what hangs on it; only where the rule names the option */
  readonly cleanup?: boolean;
}

export interface Kubeconfig {
  /** YAML */
  readonly text: string;
}

/** What one operation takes at this upstream. What is not named is refused by the gateway, with the field's name. */
export interface WriteRule {
  /** the unified fields that the upstream has a place for: `name`, `description`, `labels`, `target`, … */
  readonly fields: readonly string[];
  /** fields without which the upstream refuses it, beside those that are always required */
  readonly required?: readonly string[];
  /** strict schema of `spec`; absent: it takes none. A spec that must be given is named in `required`. */
  readonly spec?: z.ZodType;
  /** query options of a removal */
  readonly options?: readonly ('force' | 'cleanup')[];
}

export type WriteRules = {
  readonly [F in FacetName]?: { readonly [O in WriteOperation]?: WriteRule };
};
