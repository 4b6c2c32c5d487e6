import { type DeploymentRecord, isFault, type RolloutStatus } from '@fleetgate/model';
import { type Http, inParallel, instant, native, wordOf } from '@fleetgate/provider-kit';
import type { Call, Deployments } from '@fleetgate/provider-spec';
import { deploymentPages, readDeployment } from './deployment-reads.ts';
import { deploymentWrites } from './deployment-writes.ts';
import { labelsOfMetadata, nameOf } from './metadata.ts';
import { deploymentKey, scopedList } from './scopes.ts';
import { AppDeployment, type Whole } from './wire.ts';

/** App deployments: an app profile on a virtual cluster. They live in projects only. */
export function deployments(http: Http): Deployments {
  // With one more request for each, a page of 25 takes some three seconds at the rate that Palette allows.
  const search = deploymentPages(http, { scheme: 'palette:deployments:scope', pageSize: 25 });

  async function readIfThere(scope: string, uid: string, call: Call): Promise<readonly Whole[]> {
    try {
      return [await readDeployment(http, scope, uid, call)];
    } catch (error) {
      if (isFault(error, 'not_found')) return []; // removed since the search
      throw error;
    }
  }

  return {
    list: scopedList(http, {
      scheme: 'palette:deployments',
      withTenant: false,
      async inner(scope, input, call) {
        const page = await search(scope, input, call);
        const whole = await inParallel(page.items, (item) => readIfThere(scope, item.metadata.uid, call));
        return { ...page, items: whole.flat().map((item) => deploymentRecord(scope, item)) };
      },
    }),
    async get({ key }, call) {
      const { scope, uid } = deploymentKey(key);
      return deploymentRecord(scope, await readDeployment(http, scope, uid, call));
    },
    ...deploymentWrites(http),
  };
}

export function deploymentRecord(project: string, whole: Whole): DeploymentRecord {
  const { metadata, spec, status } = AppDeployment.parse(whole);
  const cluster = spec?.config?.target?.clusterRef;
  return {
    key: [project, metadata.uid],
    project_key: [project],
    name: nameOf(metadata),
    labels: labelsOfMetadata(metadata),
    ...statusOf(status),
    // A virtual cluster belongs to the project of the app that runs on it.
    target: cluster
      ? {
          kind: 'cluster',
          key: cluster.uid ? [project, cluster.uid] : null,
          name: cluster.name || null,
        }
      : null,
    version: spec?.profile?.metadata?.version || null,
    url: null,
    latest_release: null,
    completed_at: null,
    created_at: instant(metadata.creationTimestamp),
    updated_at: instant(metadata.lastModifiedTimestamp),
    native: native(whole),
  };
}

const states: Readonly<Record<string, RolloutStatus>> = {
  Pending: 'queued',
  Deploying: 'running',
  Updating: 'running',
  Deployed: 'success',
};

/** No state says that a rollout failed; a tier of it does. */
function statusOf(status: AppDeployment['status']): {
  status: RolloutStatus;
  native_status: string | null;
} {
  const state = status?.state || null;
  const lifecycle = status?.lifecycleStatus?.status || null;
  const conditions = (status?.appTiers ?? []).map((tier) => tier.condition);
  const isFailed = conditions.some((condition) => condition?.type === 'Error');
  const isReady = conditions.every((told) => told?.type === 'Ready' && told.status === 'True');
  const told = wordOf(states, state);
  const words = [state, isFailed ? 'Error' : null, lifecycle].filter((word) => word !== null);
  return {
    status: isFailed ? 'failed' : told === 'success' && !isReady ? 'running' : told,
    native_status: words.length > 0 ? words.join('/') : null,
  };
}
