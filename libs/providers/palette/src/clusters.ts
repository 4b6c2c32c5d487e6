import { type ClusterRecord, type ClusterStatus, isFault } from '@fleetgate/model';
import { type Http, inParallel, instant, native, wordOf } from '@fleetgate/provider-kit';
import type { Call, Clusters } from '@fleetgate/provider-spec';
import { clusterPages, isPresent, overview } from './cluster-reads.ts';
import { clusterWrites } from './cluster-writes.ts';
import { noSuch } from './errors.ts';
import { kubeconfigOf } from './kubeconfig.ts';
import { labelsOfMetadata, nameOf } from './metadata.ts';
import { scopedKey, scopedList, tenant } from './scopes.ts';
import { Cluster, type Whole } from './wire.ts';

/**
 * `withDetails`: every cluster is read by its overview, the only place that tells the version, and health in full; without,
 * the list is what the search shows.
 */
export function clusters(http: Http, withDetails: boolean): Clusters {
  const search = clusterPages(http, {
    scheme: 'palette:clusters:scope',
    // With one more request for each, a page of 25 takes some three seconds at the rate that Palette allows.
    pageSize: withDetails ? 25 : 50,
    // Palette shows deleted clusters for 72 hours more.
    filter: { property: 'isDeleted', type: 'bool', condition: { bool: { value: false } } },
  });

  async function present(scope: string, found: Whole, call: Call): Promise<readonly Whole[]> {
    if (!withDetails) return [found];
    try {
      const whole = await overview(http, scope, found.metadata.uid, call);
      return isPresent(scope, whole) ? [whole] : [];
    } catch (error) {
      if (isFault(error, 'not_found')) return []; // removed since the search
      throw error;
    }
  }

  return {
    list: scopedList(http, {
      scheme: 'palette:clusters',
      withTenant: true,
      async inner(scope, input, call) {
        const page = await search(scope, input, call);
        const own = page.items.filter((item) => isPresent(scope, item));
        const whole = await inParallel(own, (item) => present(scope, item, call));
        return { ...page, items: whole.flat().map((item) => clusterRecord(scope, item, withDetails)) };
      },
    }),
    async get({ key }, call) {
      const { scope, uid } = scopedKey(key);
      const whole = await overview(http, scope, uid, call);
      if (!isPresent(scope, whole)) throw noSuch();
      return clusterRecord(scope, whole, withDetails);
    },
    ...clusterWrites(http),
    kubeconfig: ({ key }, call) => kubeconfigOf(http, key, call),
  };
}

export function clusterRecord(scope: string, whole: Whole, withDetails: boolean): ClusterRecord {
  const { metadata, specSummary, spec, status } = Cluster.parse(whole);
  const cloud = specSummary?.cloudConfig ?? spec?.cloudConfig;
  const place = status?.location;
  return {
    key: [scope, metadata.uid],
    project_key: scope === tenant ? null : [scope],
    name: nameOf(metadata),
    labels: labelsOfMetadata(metadata),
    ...statusOf(status),
    kind: cloud?.cloudType || spec?.cloudType || specSummary?.cloudType || null,
    version: (withDetails && status?.kubeMeta?.kubernetesVersion) || null,
    location:
      place?.regionName ||
      place?.regionCode ||
      spec?.cloudRegion ||
      place?.countryName ||
      place?.countryCode ||
      null,
    node_count: cloud?.machinePools?.reduce((sum, pool) => sum + pool.size, 0) ?? null,
    // The unit of the measures is a word that is documented nowhere; the share of the total needs none.
    capacity: null,
    usage: usageOf(status?.metrics),
    last_seen_at: instant(status?.health?.lastHeartBeatTimestamp),
    created_at: instant(metadata.creationTimestamp),
    updated_at: instant(metadata.lastModifiedTimestamp),
    native: native(whole),
  };
}

const states: Readonly<Record<string, ClusterStatus>> = {
  Pending: 'pending',
  Provisioning: 'provisioning',
  Importing: 'provisioning',
  Deleting: 'deleting',
  Error: 'error',
};
/** of a virtual cluster that is up */
const lifecycles: Readonly<Record<string, ClusterStatus>> = {
  Pausing: 'disabled',
  Paused: 'disabled',
  Resuming: 'provisioning',
  Error: 'error',
};
const healths: Readonly<Record<string, ClusterStatus>> = { Healthy: 'healthy', UnHealthy: 'degraded' };

function statusOf(status: Cluster['status']): { status: ClusterStatus; native_status: string | null } {
  const state = status?.state || null;
  const lifecycle = status?.virtual?.lifecycleStatus?.status || 'Running';
  const health = status?.health?.state || null;
  if (state !== 'Running') return { status: wordOf(states, state), native_status: state };
  if (lifecycle !== 'Running') {
    return { status: wordOf(lifecycles, lifecycle), native_status: `${state}/${lifecycle}` };
  }
  // A cluster without an agent never reports health; Palette's own clients take it as it is.
  if (health === null) return { status: 'healthy', native_status: state };
  return { status: wordOf(healths, health), native_status: `${state}/${health}` };
}

type Measure = { total?: number | null | undefined; usage?: number | null | undefined } | null | undefined;

function usageOf(metrics: { cpu?: Measure; memory?: Measure } | null | undefined): ClusterRecord['usage'] {
  const cpu_percent = percentOf(metrics?.cpu);
  const memory_percent = percentOf(metrics?.memory);
  if (cpu_percent === null && memory_percent === null) return null;
  return { cpu_percent, memory_percent, storage_percent: null };
}

/** null where nothing was measured: a total of zero is none. */
function percentOf(measure: Measure): number | null {
  const { total, usage } = measure ?? {};
  if (!total || total < 0 || usage === null || usage === undefined || usage < 0) return null;
  return Math.min(100, Math.round((usage / total) * 10_000) / 100);
}
