export { newCall, newTraceparent } from './call.ts';
export { systemClock } from './clock.ts';
export {
  type ConnectedProvider,
  type ConnectOptions,
  connectProvider,
  type Deadlines,
  defaultDeadlines,
} from './connect.ts';
export { dryRunJournal, type PlannedRequest } from './dry-run.ts';
export {
  createJournal,
  type JournalOptions,
  type JournalStore,
  memoryJournal,
  type StepRecord,
} from './journal.ts';
export type { Observer, OperationEvent, RequestEvent } from './observer.ts';
export type { NativeRequest, PassBounds, PassThrough } from './pass-through.ts';
export type { AnswerSink } from './pass-through-exchange.ts';
export { memoryTokens } from './tokens.ts';
export { createTransport, type Transport, type TransportOptions } from './transport.ts';
export { type Step, type WalkOptions, walk } from './walk.ts';
