import { type DeploymentRecord, Fault } from '@fleetgate/model';
import { type Http, instant, native, partsOf, partsOfProject } from '@fleetgate/provider-kit';
import type { Call, Deployments } from '@fleetgate/provider-spec';
import { type Applications, nameOfUnmade } from './applications.ts';
import { applicationOf, type Bindings, groupOf, versionOf } from './bindings.ts';
import { firstVersion } from './bodies.ts';
import { findIn, listed } from './lists.ts';
import type { StartRelease } from './rollouts.ts';
import { rolloutStatus } from './statuses.ts';
import { WireClusterGroup, WireDeployment } from './wire.ts';
import { DeploymentSpec } from './writes.ts';

type Target = NonNullable<DeploymentRecord['target']>;
type GivenTarget = Pick<Target, 'kind'> & { readonly key: readonly string[] };

/** A deployment binds an application to a cluster group; its executions are releases. */
export function deployments(
  http: Http,
  applications: Applications,
  bindings: Bindings,
  startRelease: StartRelease,
): Deployments {
  const groups = listed(http, ['cluster-groups'], WireClusterGroup, (wire) => wire);

  /** In a dry run there may be no application to read yet. */
  async function projectOf(id: string, call: Call): Promise<{ name: string; version?: string | null }> {
    const name = nameOfUnmade(id);
    return name === undefined ? applications.read(id, call) : { name };
  }

  async function groupName(id: string, call: Call): Promise<string> {
    try {
      return (await findIn(groups, (group) => group.id === id, call)).name;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'not_found') throw error;
      throw new Fault('invalid', 'the upstream has no such cluster group', { field: 'target.id' });
    }
  }

  return {
    list: listed(http, ['deployments'], WireDeployment, deploymentOf),
    get: async ({ key }, call) => deploymentOf(await bindings.read(...partsOf(key, 1), call)),

    async create({ projectKey, value }, call) {
      const [id] = partsOfProject(projectKey, 1);
      const { deploy } = DeploymentSpec.parse(value.spec ?? {});
      const groupId = groupIn(value.target);
      if (groupId === undefined) throw new Fault('invalid', 'a target is needed', { field: 'target' });
      const project = await projectOf(id, call);
      const name = value.name ?? `${project.name}-${await groupName(groupId, call)}`;
      const version = value.version ?? project.version ?? firstVersion;
      const bound = await bindings.bind(
        { name, groupId, applications: [{ id, name: project.name, version }] },
        value.name !== undefined,
        call,
      );
      if (!bound.isNew && value.version !== undefined) await useVersion(bound.id, value.version, call);
      if (!deploy) return { key: [bound.id] };
      const deploying = { deploymentId: bound.id, applicationId: id, isNew: bound.isNew };
      const release = await startRelease(deploying, call);
      return { key: [bound.id], touched: [{ kind: 'release', key: [bound.id, release] }] };
    },

    async replace({ key, value: { name, target, version = firstVersion } }, call) {
      const wire = await bindings.read(...partsOf(key, 1), call);
      await bindings.change(wire, { name, groupId: groupIn(target), version }, call);
      return { key: [wire.id] };
    },

    async patch({ key, value: { name, target, version } }, call) {
      const wire = await bindings.read(...partsOf(key, 1), call);
      const change = { name, groupId: groupIn(target), version: version === null ? firstVersion : version };
      await bindings.change(wire, change, call);
      return { key: [wire.id] };
    },

    remove: async ({ key }, call) => bindings.remove(...partsOf(key, 1), call),

    async deploy({ key, value: { version } }, call) {
      const [id] = partsOf(key, 1);
      const wire = await useVersion(id, version, call);
      const deploying = { deploymentId: id, applicationId: applicationOf(wire), isNew: false };
      return { key: [id, await startRelease(deploying, call)] };
    },
  };

  /** The deployment, once its next release is of that version. */
  async function useVersion(id: string, version: string | undefined, call: Call): Promise<WireDeployment> {
    const wire = await bindings.read(id, call);
    if (version !== undefined && version !== versionOf(wire)) await bindings.change(wire, { version }, call);
    return wire;
  }
}

/** The upstream's clusters are reached through their groups only. */
function groupIn(target: GivenTarget | undefined): string | undefined {
  if (!target) return undefined;
  if (target.kind === 'cluster_group') return partsOf(target.key, 1)[0];
  throw new Fault('invalid', 'Fleet Manager deploys to cluster groups only', { field: 'target.kind' });
}

export function deploymentOf(wire: WireDeployment): DeploymentRecord {
  const project = applicationOf(wire);
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: wire.status ?? null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: rolloutStatus(wire.status),
    version: versionOf(wire),
    url: null,
    completed_at: null,
    project_key: project ? [project] : null,
    target: targetOf(wire),
    latest_release: null,
    native: native(wire),
  };
}

function targetOf(wire: WireDeployment): DeploymentRecord['target'] {
  const group = groupOf(wire);
  if (group) return { kind: 'cluster_group', key: [group], name: null };
  if (wire.cluster) return { kind: 'cluster', key: [wire.cluster.id], name: wire.cluster.name ?? null };
  return null;
}
