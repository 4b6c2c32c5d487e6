import type { DeploymentRecord, Key, RolloutStatus } from '@fleetgate/model';
import {
  type Http,
  instant,
  native,
  nestedList,
  partsOf,
  partsOfProject,
  step,
  wordOf,
} from '@fleetgate/provider-kit';
import type { Call, Deployments, Facet } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { listed } from './lists.ts';
import { startDeployment } from './rollouts.ts';
import { Made, oneOf, WireDeployment, WireProject } from './wire.ts';

/** The documented words, and those of the platforms that it is built like. */
const statuses: Record<string, RolloutStatus> = {
  queued: 'queued',
  pending: 'queued',
  running: 'running',
  in_progress: 'running',
  started: 'running',
  building: 'running',
  success: 'success',
  succeeded: 'success',
  completed: 'success',
  failed: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  removed: 'removed',
};

/** Deployments are only listed under their project: every project is walked. */
export function deployments(http: Http): Deployments {
  return {
    list: perProject(http, 'deployments', deploymentOf),
    get: async ({ key }, call) => deploymentOf(await readDeployment(http, key, call)),

    async create({ projectKey, value }, call) {
      return { key: [await startDeployment(http, ...partsOfProject(projectKey, 1), value, call)] };
    },

    async cancel({ key }, call) {
      const [id] = partsOf(key, 1);
      const path = ['deployments', id, 'cancel'];
      await step(call, 'cancel', {
        async make(during) {
          await http.request({ method: 'POST', path, answer: Made }, during);
          return true;
        },
        async find(during) {
          const { status } = await readDeployment(http, key, during);
          return wordOf(statuses, status) === 'cancelled' ? true : undefined;
        },
        idempotent: true,
        assumed: true,
      });
      return { key };
    },
  };
}

/** The deployments of every project, read as `what`: cursors of one reading are no cursors of another. */
export function perProject<R>(
  http: Http,
  what: string,
  record: (wire: WireDeployment) => R,
): Facet<R>['list'] {
  return nestedList({
    scheme: `app-platform ${what} by project`,
    scope: z.string(),
    outer: listed(http, ['projects'], WireProject, ({ id }) => id),
    inner: (project, input, call) =>
      listed(http, ['projects', project, 'deployments'], WireDeployment, (wire) =>
        record({ ...wire, project_id: wire.project_id ?? project }),
      )(input, call),
  });
}

export async function readDeployment(http: Http, key: Key, call: Call): Promise<WireDeployment> {
  const path = ['deployments', ...partsOf(key, 1)];
  const { data } = await http.request({ path, answer: oneOf(WireDeployment) }, call);
  return data;
}

export function deploymentOf(wire: WireDeployment): DeploymentRecord {
  return {
    key: [wire.id],
    ...rolloutOf(wire),
    url: wire.url ?? null,
    project_key: wire.project_id ? [wire.project_id] : null,
    target: null,
    latest_release: null,
    native: native(wire),
  };
}

/** What a deployment and its only release have in common: they are one execution. */
export function rolloutOf(wire: WireDeployment) {
  return {
    name: wire.name || wire.id,
    labels: {},
    native_status: wire.status ?? null,
    created_at: instant(wire.created_at),
    updated_at: instant(wire.updated_at),
    status: wordOf(statuses, wire.status),
    version: wire.version ?? wire.commit ?? null,
    completed_at: instant(wire.completed_at),
  };
}
