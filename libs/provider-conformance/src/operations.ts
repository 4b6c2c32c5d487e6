import type { Kind } from '@fleetgate/model';
import { type Call, facetOf, type Provider } from '@fleetgate/provider-spec';
import type { Subject } from './subject.ts';

/** One operation of a provider, as the tests that concern all of them see it. */
export interface NamedOperation {
  /** `clusters.list` */
  readonly name: string;
  readonly kind: Kind | null;
  readonly verb: 'list' | 'get' | 'identify';
}

export type Run = (call: Call, provider?: Provider) => Promise<unknown>;

export function operationsOf(kinds: readonly Kind[]): NamedOperation[] {
  return [
    { name: 'account.identify', kind: null, verb: 'identify' },
    ...kinds.flatMap((kind) => [
      { name: `${facetOf[kind]}.list`, kind, verb: 'list' as const },
      { name: `${facetOf[kind]}.get`, kind, verb: 'get' as const },
    ]),
  ];
}

/** Makes the operation ready to run: with a session, a key to get, and an empty record of requests. */
export async function prepare(subject: Subject, operation: NamedOperation): Promise<Run> {
  const { kind, verb } = operation;
  await subject.provider.account.identify({}, subject.call());
  let run: Run;
  if (kind === null) run = (call, provider = subject.provider) => provider.account.identify({}, call);
  else if (verb === 'list') run = (call, provider) => subject.facet(kind, provider).list({}, call);
  else {
    const key = await firstKey(subject, kind);
    run = (call, provider) => subject.facet(kind, provider).get({ key }, call);
  }
  subject.upstream.control.forget();
  return run;
}

async function firstKey(subject: Subject, kind: Kind) {
  let cursor: string | undefined;
  do {
    const page = await subject.facet(kind).list(cursor === undefined ? {} : { cursor }, subject.call());
    const [first] = page.items;
    if (first) return first.key;
    cursor = page.next;
  } while (cursor !== undefined);
  throw new Error(`there is no ${kind} to get`);
}
