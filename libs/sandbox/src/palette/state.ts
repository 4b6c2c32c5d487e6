/**
 * What a Palette tenant holds, and where: projects, clusters of the tenant itself, clusters and app deployments of the projects,
 * host cluster groups.
 *
 * `scale` splits into 10 % projects (at least 3), 60 % clusters (a tenth of them in no project, a fifth of the others virtual) and
 * 30 % app deployments; on top of that 2 to 20 cluster groups, and a fiftieth of the clusters again as already deleted ones.
 *
 * Assumptions, i.e. what the contract does not say:
 * - A search without a project answers the tenant's own clusters and those of all projects; the same goes for the app deployments.
 *   Reading ONE object wants its own scope: a project's cluster without `ProjectUid`, or a tenant's with it, is 404 ResourceNotFound.
 *   `/meta` and `/metadata` without a project answer the tenant's own clusters only. Neither shows deleted ones.
 * - A search without an isDeleted filter shows deleted clusters too. The order without `sort` is that of the emulator, and stable.
 * - Error codes besides ResourceNotFound, ProjectNotFoundInTenant and TooManyRequests; ProjectNotFoundInTenant comes with 404.
 * - A refreshed token does not end the older one. `org` may be left out at login. A cookie is set but none is read.
 * - Every third cluster group is a project's, the others are the tenant's; a project sees the tenant's too, the tenant none of the
 *   projects'. The metadata list answers {metadata:{name,uid}} and the flat {name,uid,scope} of the schema in the same row.
 *   `spec.clusterRefs` names host clusters of the group's own scope.
 * - Taking away a project takes its uid and its row, not its clusters.
 * - metrics: cpu in cores, memory in MiB, for the whole cluster. A paused virtual cluster has the state Running and no health.
 * - A tier condition that is neither Ready/True nor Error is of type Ready with status False.
 */
import type { ObjectControls, ObjectKind, World } from '../core/emulator.ts';
import { hexKeys } from '../core/keys.ts';
import { type Rows, rowsOf } from '../core/pages.ts';
import { Population, populationControls } from '../core/population.ts';
import { buildCluster, type ClusterClass, type PaletteCluster } from './clusters.ts';
import { DeletedClusters, type Scope } from './deleted.ts';
import { type AppDeployment, buildDeployment, type ClusterRef } from './deployments.ts';
import { buildGroup, type PaletteGroup } from './groups.ts';
import { builtRows, joinRows } from './paging.ts';
import { buildProject, type PaletteProject } from './projects.ts';
import type { ClusterFilter, Common } from './search.ts';

const uidDigits = 24;

interface ClusterList {
  common: Common;
  rows: Rows<PaletteCluster>;
}

/** How many objects of each kind a scale means. */
export function countsOf(
  scale: number,
): Record<'projects' | ClusterClass | 'deleted' | 'deployments' | 'groups', number> {
  const clusters = Math.round(scale * 0.6);
  const tenant = Math.max(1, Math.round(clusters * 0.1));
  const nested = Math.max(1, Math.round((clusters - tenant) * 0.2));
  return {
    projects: Math.max(3, Math.round(scale * 0.1)),
    tenant,
    nested,
    plain: Math.max(1, clusters - tenant - nested),
    deleted: Math.max(2, Math.round(clusters * 0.02)),
    deployments: Math.max(1, Math.round(scale * 0.3)),
    groups: Math.min(20, Math.max(2, Math.round(scale / 20))),
  };
}

export class PaletteState implements ObjectControls {
  readonly projects: Population<PaletteProject>;
  readonly groups: Population<PaletteGroup>;
  readonly deployments: Population<AppDeployment>;
  private readonly clusters: Readonly<Record<ClusterClass, Population<PaletteCluster>>>;
  private readonly world: World;
  private readonly counts: ReturnType<typeof countsOf>;
  private readonly controls: ObjectControls;
  private readonly added = { deployment: 0, cluster: 0 };
  private readonly deleted: DeletedClusters;

  constructor(world: World) {
    this.world = world;
    this.counts = countsOf(world.scale);
    this.projects = this.population('project', this.counts.projects, (index, uid, context) =>
      buildProject(index, uid, hexKeys(world.seedOf('team'), uidDigits).keyOf(index % 4), context),
    );
    this.clusters = {
      tenant: this.clusterPopulation('tenant'),
      plain: this.clusterPopulation('plain'),
      nested: this.clusterPopulation('nested'),
    };
    this.deleted = new DeletedClusters({
      world,
      slots: this.counts.deleted,
      projects: this.counts.projects,
      uidDigits,
      projectRef: (index) => this.projectRef(index),
    });
    this.groups = this.population('group', this.counts.groups, (index, uid, context) =>
      buildGroup(
        index,
        { uid, projectUid: this.ownerUid(index), members: this.groupMembers(index) },
        context,
      ),
    );
    this.deployments = this.population('deployment', this.counts.deployments, (index, uid, context) =>
      buildDeployment(
        index,
        {
          uid,
          projectUid: this.projects.keyAt(index % this.counts.projects),
          cluster: this.clusterOf(index),
          profileUid: hexKeys(world.seedOf('profile'), uidDigits).keyOf(index % 8),
        },
        context,
      ),
    );
    this.controls = populationControls({
      project: this.projects,
      cluster_group: this.groups,
      deployment: this.deployments,
      cluster: {
        size: 0,
        add: (count) => this.clusters.plain.add(count),
        remove: (key) => this.removeCluster(key),
        touch: (key, change) => Object.values(this.clusters).some((some) => some.touch(key, change)),
      },
    });
  }

  add(kind: ObjectKind, count: number): string[] {
    const keys = this.controls.add(kind, count);
    if (kind === 'cluster' || kind === 'deployment') this.added[kind] += count;
    return keys;
  }

  remove(kind: ObjectKind, key: string): boolean {
    return this.controls.remove(kind, key);
  }

  /** A bare {name} means metadata.name, where every object here keeps it. */
  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean {
    const { name, ...rest } = change;
    const inner = typeof name === 'string' ? { metadata: { name } } : {};
    return this.controls.touch(kind, key, { ...rest, ...inner });
  }

  /** Deleted clusters do not count. */
  size(kind: ObjectKind): number {
    if (kind !== 'cluster') return this.controls.size(kind);
    return Object.values(this.clusters).reduce((sum, some) => sum + some.size, 0);
  }

  /** undefined: there is no such project. */
  scopeOf(projectUid: string): Scope | undefined {
    const index = this.projects.indexOf(projectUid);
    return index === undefined ? undefined : { uid: projectUid, index };
  }

  /** All clusters of a scope that pass, deleted ones last. O(page) where the filter only asks for isDeleted and nested or not. */
  search(scope: Scope, filter: ClusterFilter): Rows<PaletteCluster> {
    return joinRows(
      this.lists(scope).flatMap(({ common, rows }) => {
        const verdict = filter.ofAll(common);
        if (verdict === false) return [];
        if (verdict === true) return [rows];
        const passing = rows.slice(0, rows.size).filter((one) => filter.of(one, common.isDeleted));
        return [rowsOf(passing)];
      }),
    );
  }

  /** The scope's own live clusters: for the tenant, those in no project. */
  own(scope: Scope): PaletteCluster[] {
    if (scope === null) return this.clusters.tenant.slice(0, this.clusters.tenant.size);
    return this.lists(scope)
      .filter((list) => !list.common.isDeleted)
      .flatMap((list) => list.rows.slice(0, list.rows.size));
  }

  /** One cluster of the scope itself, deleted ones for their 72 hours too. */
  cluster(uid: string, scope: Scope): PaletteCluster | undefined {
    const live = Object.values(this.clusters).map((some) => some.get(uid));
    return [...live, this.deleted.find(uid)].find(
      (one) => one !== undefined && projectOf(one) === (scope?.uid ?? null),
    );
  }

  deploymentsOf(scope: Scope): Rows<AppDeployment> {
    if (scope === null) return this.deployments;
    const end = this.counts.deployments + this.added.deployment;
    return this.partOf(this.deployments, scope.index, end);
  }

  deployment(uid: string, scope: Scope): AppDeployment | undefined {
    const found = this.deployments.get(uid);
    return found?.metadata.annotations['projectUid'] === (scope?.uid ?? null) ? found : undefined;
  }

  /** The scope's own groups, and in a project those of the tenant too. */
  groupsOf(scope: Scope): PaletteGroup[] {
    return this.groups.filter(({ metadata }) => {
      const owner = metadata.annotations['projectUid'];
      return owner === undefined || owner === scope?.uid;
    });
  }

  /** The live cluster that a deployment names. */
  anyCluster(uid: string): PaletteCluster | undefined {
    return this.clusters.nested.get(uid) ?? this.clusters.plain.get(uid) ?? this.clusters.tenant.get(uid);
  }

  private lists(scope: Scope): ClusterList[] {
    const live = { isDeleted: false, nested: false };
    const gone = { common: { isDeleted: true, nested: false }, rows: this.deleted.seeded(scope) };
    if (scope === null) {
      return [
        { common: live, rows: this.clusters.tenant },
        { common: live, rows: this.clusters.plain },
        { common: { ...live, nested: true }, rows: this.clusters.nested },
        gone,
        ...this.buriedLists(scope),
      ];
    }
    const { plain, nested } = this.clusters;
    return [
      { common: live, rows: this.partOf(plain, scope.index, this.counts.plain + this.added.cluster) },
      { common: { ...live, nested: true }, rows: this.partOf(nested, scope.index, this.counts.nested) },
      gone,
      ...this.buriedLists(scope),
    ];
  }

  /** Object i of a project population lies in project i modulo the seeded projects. */
  private partOf<T extends object>(population: Population<T>, project: number, end: number): Rows<T> {
    const indexes: number[] = [];
    if (project < this.counts.projects) {
      for (let index = project; index < end; index += this.counts.projects) {
        if (population.has(index)) indexes.push(index);
      }
    }
    return builtRows(indexes, (index) => population.byIndex(index));
  }

  private buriedLists(scope: Scope): ClusterList[] {
    const buried = this.deleted.buried(scope);
    return [false, true].map((nested) => ({
      common: { isDeleted: true, nested },
      rows: rowsOf(buried.filter((one) => (one.spec.cloudType === 'nested') === nested)),
    }));
  }

  private removeCluster(uid: string): boolean {
    const cluster = this.anyCluster(uid);
    if (cluster === undefined || !Object.values(this.clusters).some((some) => some.remove(uid))) return false;
    this.deleted.bury(cluster);
    return true;
  }

  private projectRef(index: number): { uid: string; name: string } {
    const uid = this.projects.keyAt(index);
    return { uid, name: this.projects.byIndex(index)?.metadata.name ?? '' };
  }

  /** Host clusters of the group's own scope: every third group is a project's, the others are the tenant's. */
  private groupMembers(group: number): PaletteCluster[] {
    const owner = this.ownerOf(group);
    const kind = owner === null ? 'tenant' : 'plain';
    const first = owner ?? group * 2;
    const step = owner === null ? 1 : this.counts.projects;
    const indexes = [0, 1, 2].map((turn) => (first + turn * step) % (this.counts[kind] || 1));
    return [...new Set(indexes)].flatMap((index) => {
      const found = this.clusters[kind].byIndex(index);
      return found === undefined || projectOf(found) !== this.ownerUid(group) ? [] : [found];
    });
  }

  private ownerOf(group: number): number | null {
    return group % 3 === 2 ? group % this.counts.projects : null;
  }

  private ownerUid(group: number): string | null {
    const owner = this.ownerOf(group);
    return owner === null ? null : this.projects.keyAt(owner);
  }

  /** A virtual cluster of the deployment's project, else a host cluster of it, else one of the tenant's. */
  private clusterOf(deployment: number): ClusterRef {
    const project = deployment % this.counts.projects;
    const round = Math.floor(deployment / this.counts.projects);
    for (const kind of ['nested', 'plain', 'tenant'] as const) {
      const step = kind === 'tenant' ? 1 : this.counts.projects;
      const first = kind === 'tenant' ? 0 : project;
      const choices = Math.ceil((this.counts[kind] - first) / step);
      if (choices <= 0) continue;
      const index = first + (round % choices) * step;
      const uid = this.clusters[kind].keyAt(index);
      const name = this.clusters[kind].byIndex(index)?.metadata.name ?? '';
      return { deploymentClusterType: kind === 'nested' ? 'virtual' : 'host', name, uid };
    }
    throw new RangeError('a Palette tenant without any cluster');
  }

  private clusterPopulation(kind: ClusterClass): Population<PaletteCluster> {
    return this.population(`cluster ${kind}`, this.counts[kind], (index, uid, context) =>
      buildCluster(
        index,
        {
          class: kind,
          uid,
          project: kind === 'tenant' ? null : this.projectRef(index % this.counts.projects),
          groupUid: kind === 'nested' ? this.groups.keyAt(index % 2) : null,
        },
        context,
      ),
    );
  }

  private population<T extends object>(
    name: string,
    seeded: number,
    build: (index: number, uid: string, context: Parameters<typeof buildProject>[3]) => T,
  ): Population<T> {
    const seed = this.world.seedOf(name);
    const keys = hexKeys(seed, uidDigits);
    return new Population<T>({
      clock: this.world.clock,
      seed,
      seeded,
      keys,
      build: (index, context) => build(index, keys.keyOf(index), context),
    });
  }
}

function projectOf(cluster: PaletteCluster): string | null {
  return cluster.metadata.annotations['projectUid'] ?? null;
}
