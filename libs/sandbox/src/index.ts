export type { Control } from './core/control.ts';
export type { ObjectKind } from './core/emulator.ts';
export type { Fault, FaultRule } from './core/faults.ts';
export type { RecordedRequest } from './core/recorder.ts';
export type { UpstreamName } from './emulators.ts';
export type { StartOptions, Upstream } from './upstream.ts';
export { startUpstream, upstreamNames } from './upstream.ts';
