import type { ProjectRecord, ProjectStatus } from '@fleetgate/model';
import {
  everyItem,
  type Http,
  instant,
  makeAmongNamesakes,
  native,
  partsOf,
  removeInStep,
  step,
  wordOf,
} from '@fleetgate/provider-kit';
import type { Call, Projects, Written } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { anything, Made, oneOf, WireProject } from './wire.ts';
import { NewProjectSpec, ProjectSpec } from './writes.ts';

const statuses: Record<string, ProjectStatus> = {
  active: 'active',
  archived: 'archived',
  deleting: 'deleting',
};

/** What a project is made of, under the upstream's names. What is undefined is not said. */
interface Content {
  name: string;
  description: string | null;
  team_id: string | null;
  status?: string | undefined;
  template?: string | undefined;
  visibility?: string | undefined;
}

export function projects(http: Http): Projects {
  const every = listed(http, ['projects'], WireProject, (wire) => wire);

  async function read(id: string, call: Call): Promise<WireProject> {
    const { data } = await http.request({ path: ['projects', id], answer: oneOf(WireProject) }, call);
    return data;
  }

  async function put(id: string, body: Content, call: Call): Promise<Written<ProjectRecord>> {
    await step(call, 'project', {
      async make(during) {
        await http.request({ method: 'PUT', path: ['projects', id], body, answer: anything }, during);
        return true;
      },
      idempotent: true,
      assumed: true,
    });
    return { key: [id] };
  }

  return {
    list: listed(http, ['projects'], WireProject, projectOf),
    get: async ({ key }, call) => projectOf(await read(...partsOf(key, 1), call)),

    async create({ value }, call) {
      const { name, description = null, team = null } = value;
      const spec = NewProjectSpec.parse(value.spec ?? {});
      const body = said({ name, description, team_id: team, ...spec });
      const id = await makeAmongNamesakes(call, 'project', {
        async make(during) {
          const { data } = await http.request(
            { method: 'POST', path: ['projects'], body, answer: Made },
            during,
          );
          return data.id;
        },
        namesakes: (during) => everyItem(every, (one) => one.name === name, during),
        idOf: (one) => one.id,
        isSame: async (one) =>
          (one.description || null) === (description || null) && (one.team?.id ?? null) === team,
        assumed: 'id-of-the-new-project',
      });
      return { key: [id] };
    },

    async replace({ key, value }, call) {
      const { name, description = null, team = null, status } = value;
      const { visibility } = ProjectSpec.parse(value.spec ?? {});
      return put(...partsOf(key, 1), { name, description, team_id: team, status, visibility }, call);
    },

    async patch({ key, value }, call) {
      const now = await read(...partsOf(key, 1), call);
      const { name = now.name, description = now.description ?? null, status } = value;
      const { team = now.team?.id ?? null } = value;
      const { visibility } = ProjectSpec.parse(value.spec ?? {});
      return put(now.id, { name, description, team_id: team, status, visibility }, call);
    },

    async remove({ key }, call) {
      const [id] = partsOf(key, 1);
      await removeInStep(call, 'project', {
        look: (during) => read(id, during),
        send: (during) =>
          http.request({ method: 'DELETE', path: ['projects', id], answer: anything }, during),
      });
    },
  };
}

/** The documented body of a new project has no nulls: what it has not is left out. */
function said(content: Content): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== null));
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
