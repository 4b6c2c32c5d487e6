import type { ProjectRecord } from '@fleetgate/model';
import { type Http, instant, native, partsOf } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { WireApplication } from './wire.ts';

/** An application is a project: what is deployed, under one name. */
export function projects(http: Http): Facet<ProjectRecord> {
  return {
    list: listed(http, ['deployment-applications'], WireApplication, projectOf),
    get: async ({ key }, call) =>
      projectOf(
        await http.request(
          { path: ['deployment-applications', ...partsOf(key, 1)], answer: WireApplication },
          call,
        ),
      ),
  };
}

export function projectOf(wire: WireApplication): ProjectRecord {
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: 'active',
    description: wire.description ?? null,
    team: null,
    native: native(wire),
  };
}
