import { type DeploymentRecord, Fault, type RolloutStatus } from '@fleetgate/model';
import { type Http, instant, native, partsOf, wholeList, wordOf } from '@fleetgate/provider-kit';
import type { Call, Facet } from '@fleetgate/provider-spec';
import { collection } from './objects.ts';
import { labelsIn, type WireDeploymentStatus, WireList } from './wire.ts';

const statuses: Record<string, RolloutStatus> = {
  pending: 'queued',
  queued: 'queued',
  deploying: 'running',
  progressing: 'running',
  running: 'running',
  updating: 'running',
  succeeded: 'success',
  success: 'success',
  deployed: 'success',
  available: 'success',
  failed: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  deleting: 'removed',
  removed: 'removed',
};

/** The upstream gives one list, whole, and reads no single object: one is found in the list. */
export function deployments(http: Http): Facet<DeploymentRecord> {
  return {
    list: wholeList(async (call) => (await listObjects(http, call)).map(deploymentOf)),
    async get({ key }, call) {
      const [name] = partsOf(key, 1);
      const wire = (await listObjects(http, call)).find((one) => nameOf(one) === name);
      if (!wire) throw new Fault('not_found', 'the upstream lists no such object');
      return deploymentOf(wire);
    },
  };
}

export function listObjects(http: Http, call: Call): Promise<readonly WireDeploymentStatus[]> {
  return http.request({ path: [collection], answer: WireList }, call);
}

function nameOf(wire: WireDeploymentStatus): string {
  return (wire.name || wire.metadata?.name) as string;
}

/** The cluster that an object names, if it names one. */
export function clusterNameOf({ cluster, clusterName, spec, status }: WireDeploymentStatus): string | null {
  return (
    cluster || clusterName || spec?.cluster || spec?.clusterName || textOf(status, 'clusterName') || null
  );
}

function textOf(status: WireDeploymentStatus['status'], name: string): string | null {
  const value = (status as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function deploymentOf(wire: WireDeploymentStatus): DeploymentRecord {
  const { metadata, spec, status } = wire;
  const word = wire.phase ?? textOf(status, 'phase') ?? textOf(status, 'state');
  const cluster = clusterNameOf(wire);
  return {
    key: [nameOf(wire)],
    name: nameOf(wire),
    labels: labelsIn(wire),
    native_status: word,
    created_at: instant(wire.createdAt ?? metadata?.creationTimestamp),
    updated_at: instant(wire.updatedAt ?? textOf(status, 'lastUpdateTime')),
    status: wordOf(statuses, word?.toLowerCase()),
    version: wire.version ?? spec?.version ?? null,
    url: null,
    completed_at: instant(wire.completedAt ?? textOf(status, 'completionTime')),
    project_key: null,
    target: cluster ? { kind: 'cluster', key: [cluster], name: cluster } : null,
    latest_release: null,
    native: native(wire),
  };
}
