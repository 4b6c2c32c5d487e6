export {
  type FacetName,
  type FacetOf,
  facetOf,
  readOperations,
  type WriteOperation,
  writeOperations,
} from './facets.ts';
export type { Hook, HookSubject, Hooks } from './hooks.ts';
export type {
  Clock,
  Host,
  IncomingResponse,
  OutgoingRequest,
  Send,
  StoredToken,
  TokenStore,
} from './host.ts';
export type { Journal, Step, StepResult } from './journal.ts';
export type { NativeAccess, NativeCredential } from './native.ts';
export type {
  Account,
  Call,
  Clusters,
  Deployments,
  Facet,
  GetInput,
  Limits,
  ListInput,
  Operation,
  Page,
  Projects,
  Provider,
  ProviderDefinition,
} from './provider.ts';
export type {
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
  WriteRule,
  WriteRules,
  Written,
} from './writes.ts';
