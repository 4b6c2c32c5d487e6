import type { AnyRecord, Key, Kind, RecordOf } from '@fleetgate/model';
import type {
  FacetName,
  GetInput,
  Operation,
  Provider,
  WriteOperation,
  Written,
} from '@fleetgate/provider-spec';
import type { UpstreamUnderTest } from './upstream.ts';

/** What a sample can look at to make its input. */
export interface SampleWorld {
  readonly upstream: UpstreamUnderTest;
  /** all that the provider lists of a kind */
  records<K extends Kind>(kind: K): Promise<readonly RecordOf<K>[]>;
  /** The first listed one for which `is` holds, and that no sample of this test was given before. */
  one<K extends Kind>(kind: K, is?: (record: RecordOf<K>) => boolean): Promise<RecordOf<K>>;
  /** a lower-case word of letters and digits that no sample of this test was given before, for names */
  word(): string;
}

/** Makes an input that the operation takes; asked several times in one test, it makes a new object, or goes for another one. */
export type Sample<In> = (world: SampleWorld) => Promise<In> | In;

type Facets = { [F in FacetName]: NonNullable<Provider[F]> };
type SampleOf<Run> = NonNullable<Run> extends Operation<infer In, unknown> ? Sample<In> : never;

/** One sample for every operation that changes something, and for `kubeconfig`. */
export type WriteSamples = {
  readonly [F in FacetName]?: {
    readonly [O in WriteOperation & keyof Facets[F]]?: SampleOf<Facets[F][O]>;
  } & (F extends 'clusters' ? { readonly kubeconfig?: Sample<GetInput> } : unknown);
};

/** Whatever an operation that changes something takes. */
export interface WriteInput {
  readonly key?: Key;
  readonly projectKey?: Key;
  readonly expected?: AnyRecord;
  readonly value?: Readonly<Record<string, unknown>>;
  readonly force?: boolean;
  readonly cleanup?: boolean;
}

export type WriteResult = Written<AnyRecord> | undefined;
