export {
  ErrorBody,
  type ErrorCode,
  ErrorDetail,
  errorCodes,
  errorStatus,
  listAnswer,
  oneAnswer,
  Pagination,
  pageAnswer,
  Source,
  type SourceState,
  sourceStates,
  walkAnswer,
  writeAnswer,
} from './answers.ts';
export { Fault, type FaultCode, type FaultFacts, faultCodes, isFault } from './faults.ts';
export { type Address, decodeId, encodeId, Key, keyText, Slug } from './identity.ts';
export {
  ClusterCreate,
  ClusterPatch,
  DeploymentCreate,
  DeploymentPatch,
  DeploymentReplace,
  DeployRequest,
  NewDeployment,
  ProjectCreate,
  ProjectPatch,
  ProjectReplace,
} from './inputs.ts';
export {
  type ClusterStatus,
  type Kind,
  kinds,
  type ProjectStatus,
  type RolloutStatus,
  statuses,
} from './kinds.ts';
export { OperationBlock, type OperationState, OperationStep, operationStates } from './operations.ts';
export { redact } from './redact.ts';
export {
  type AnyRecord,
  Cluster,
  ClusterGroup,
  ClusterGroupRecord,
  ClusterRecord,
  Deployment,
  DeploymentRecord,
  Instant,
  Project,
  ProjectRecord,
  type RecordOf,
  Release,
  ReleaseRecord,
  type ResourceOf,
  recordSchemas,
  resourceSchemas,
  volatileFields,
} from './resources.ts';
