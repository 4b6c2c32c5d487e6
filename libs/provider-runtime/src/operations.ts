import type { Operation, Provider } from '@fleetgate/provider-spec';

export type WrapOperation = <In, Out>(
  operation: Operation<In, Out>,
  name: { readonly facet: string; readonly operation: string },
) => Operation<In, Out>;

/** The same provider with every operation of every facet wrapped, and nothing else. Facets are plain objects. */
export function mapOperations(provider: Provider, wrap: WrapOperation): Provider {
  const facets: [string, Record<string, Operation<never, unknown>> | undefined][] = Object.entries(provider);
  const wrapped = facets.flatMap(([facet, operations]) => {
    if (!operations || facet === 'native' || facet === 'hooks') return [];
    const entries = Object.entries(operations).map(([operation, run]) => [
      operation,
      wrap(run.bind(operations), { facet, operation }),
    ]);
    return [[facet, Object.fromEntries(entries)]];
  });
  return Object.fromEntries(wrapped);
}
