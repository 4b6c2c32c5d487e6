import type { ProjectRecord, ProjectStatus } from '@fleetgate/model';
import { type Http, instant, native, partsOf, wordOf } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { oneOf, WireProject } from './wire.ts';

const statuses: Record<string, ProjectStatus> = {
  active: 'active',
  archived: 'archived',
  deleting: 'deleting',
};

export function projects(http: Http): Facet<ProjectRecord> {
  return {
    list: listed(http, ['projects'], WireProject, projectOf),
    async get({ key }, call) {
      const { data } = await http.request(
        { path: ['projects', ...partsOf(key, 1)], answer: oneOf(WireProject) },
        call,
      );
      return projectOf(data);
    },
  };
}

export function projectOf(wire: WireProject): ProjectRecord {
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: wire.status ?? null,
    created_at: instant(wire.created_at),
    updated_at: instant(wire.updated_at),
    status: wordOf(statuses, wire.status),
    description: wire.description ?? null,
    team: wire.team ? { id: wire.team.id, name: wire.team.name ?? null } : null,
    native: native(wire),
  };
}
