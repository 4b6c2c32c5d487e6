import { setTimeout as sleep } from 'node:timers/promises';
import { kinds } from '@fleetgate/model';
import type { Connections } from '../connections/connection.ts';
import type { Sources } from '../inventory/sources.ts';
import { holds } from '../reading/scope.ts';

const lookEvery = 50;

/** Waits, at most `timeoutMs`, until every source was synced or has failed once; counts connections that are all fresh. */
export async function firstSync(
  connections: Connections,
  sources: Sources,
  timeoutMs: number,
): Promise<{ fresh: number; total: number }> {
  const all = connections.all();
  const statesOf = (index: number) => {
    const connection = all[index];
    if (!connection) return [];
    const held = kinds.filter((kind) => holds(connection, kind));
    return held.map((kind) => sources.of(kind, [connection.slug])[0]?.state ?? 'never_synced');
  };
  const count = (test: (state: string) => boolean) =>
    all.filter((_, index) => statesOf(index).every(test)).length;
  const until = performance.now() + timeoutMs;
  while (performance.now() < until && count((state) => state !== 'never_synced') < all.length)
    await sleep(lookEvery);
  return { fresh: count((state) => state === 'fresh'), total: all.length };
}
