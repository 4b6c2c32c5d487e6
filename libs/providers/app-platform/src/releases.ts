import type { ReleaseRecord } from '@fleetgate/model';
import { type Http, native } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { perProject, readDeployment, rolloutOf } from './deployments.ts';
import type { WireDeployment } from './wire.ts';

/** A deployment here is one execution: it is its own only release, under the same key. */
export function releases(http: Http): Facet<ReleaseRecord> {
  return {
    list: perProject(http, 'releases', releaseOf),
    get: async ({ key }, call) => releaseOf(await readDeployment(http, key, call)),
  };
}

export function releaseOf(wire: WireDeployment): ReleaseRecord {
  return { key: [wire.id], ...rolloutOf(wire), deployment_key: [wire.id], native: native(wire) };
}
