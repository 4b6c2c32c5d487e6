export { dryRunJournal } from '@fleetgate/provider-runtime';
export { conformanceTests } from './conformance.ts';
export { describeProvider } from './describe-provider.ts';
export { withDeviations } from './deviations.ts';
export { type Live, type LiveOptions, liveTests } from './live.ts';
export {
  type ConformanceOptions,
  type ConformanceTest,
  type Deviation,
  type KindOptions,
  titleOf,
} from './options.ts';
export { createProgress, type Progress } from './progress.ts';
export type { Sample, SampleWorld, WriteSamples } from './samples.ts';
export { type Subject, withSubject } from './subject.ts';
export type {
  FaultRule,
  SeenRequest,
  UpstreamControl,
  UpstreamFault,
  UpstreamUnderTest,
} from './upstream.ts';
