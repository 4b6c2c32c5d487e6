export type { Slots } from './bulkhead.ts';
export { newCall, newTraceparent } from './call.ts';
export type { CircuitBounds } from './circuit.ts';
export { type CallClass, callClasses } from './classes.ts';
export { systemClock } from './clock.ts';
export {
  type Condition,
  type ConnectedProvider,
  type ConnectOptions,
  connectProvider,
  type Deadlines,
  defaultDeadlines,
} from './connect.ts';
export { dryRunJournal, type PlannedRequest } from './dry-run.ts';
export { guardedConnector } from './guarded-connector.ts';
export {
  createJournal,
  type JournalOptions,
  type JournalStore,
  memoryJournal,
  type StepRecord,
} from './journal.ts';
export type {
  BreakerEvent,
  BreakerState,
  Observer,
  OperationEvent,
  RequestEvent,
} from './observer.ts';
export type {
  AnswerSink,
  NativeCaller,
  NativeRequest,
  PassBounds,
  PassedCall,
  PassThrough,
} from './pass-through-parts.ts';
export type { Asked, Granted, SharedLimits } from './shared-limits.ts';
export { memoryTokens } from './tokens.ts';
export { createTransport, type Transport, type TransportOptions } from './transport.ts';
export { type Step, type WalkOptions, walk } from './walk.ts';
