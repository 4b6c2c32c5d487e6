export { newCall, newTraceparent } from './call.ts';
export { systemClock } from './clock.ts';
export { type ConnectOptions, connectProvider, type Deadlines, defaultDeadlines } from './connect.ts';
export type { Observer, OperationEvent, RequestEvent } from './observer.ts';
export { memoryTokens } from './tokens.ts';
export { createTransport, type Transport, type TransportOptions } from './transport.ts';
export { type Step, type WalkOptions, walk } from './walk.ts';
