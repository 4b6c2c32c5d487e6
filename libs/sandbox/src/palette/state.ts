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
 * - Names are unique: those of projects in the tenant, of clusters and app deployments in their scope; taken is 409 …AlreadyExists.
 * - A wrong body is 400 InvalidRequest, with the field and why in `details`; what it names and is not there, 404 ResourceNotFound.
 * - PUT of a project without `spec` leaves its members; a list in it replaces them. PATCH of a cluster's metadata replaces name, tags
 *   and annotations that it names; `scope` and `projectUid` among the annotations stay as they are.
 * - A project that holds live clusters or app deployments is 409 ResourceInUse to delete. With the clean-up, its apps go at once and its
 *   clusters as if each was deleted (stuck ones too), then the project; until then its cleanUpStatus is InProgress and it takes no more.
 * - A deleted cluster is Deleting for 3 minutes, one in Error, or among the seeded ones in Deleting, until it is forced. Forcing one that
 *   has not been Deleting for 15 minutes is 409 ResourceConflict. Deleting what is Deleting already is a 204.
 * - The agent of an imported cluster connects after 2 minutes; until then it is Importing.
 * - An app deployment on a cluster group makes a virtual cluster of the given name, and leaves it behind when it is deleted.
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
import { type Population, populationControls } from '../core/population.ts';
import type { AppDeployment, ClusterRef } from './app-form.ts';
import { PaletteClusters, projectOf } from './cluster-state.ts';
import type { PaletteCluster } from './clusters.ts';
import type { Scope } from './deleted.ts';
import { buildDeployment, buildOrderedDeployment } from './deployments.ts';
import { buildGroup, type PaletteGroup } from './groups.ts';
import { Orders } from './orders.ts';
import { joinRows } from './paging.ts';
import { type Counts, countsOf, partOfProject, populate, uidDigits } from './populations.ts';
import { buildProject, emptyProject, type PaletteProject } from './projects.ts';

export class PaletteState implements ObjectControls {
  readonly orders = new Orders();
  readonly projects: Population<PaletteProject>;
  readonly clusters: PaletteClusters;
  readonly groups: Population<PaletteGroup>;
  readonly deployments: Population<AppDeployment>;
  /** Those that the API's own POST has made. */
  readonly orderedDeployments: Population<AppDeployment>;
  private readonly world: World;
  private readonly counts: Counts;
  private readonly controls: ObjectControls;
  private addedDeployments = 0;

  constructor(world: World) {
    this.world = world;
    const counts = countsOf(world.scale);
    this.counts = counts;
    const { orders } = this;
    this.projects = populate(world, 'project', counts.projects, (index, uid, context) => {
      const teamUid = hexKeys(world.seedOf('team'), uidDigits).keyOf(index % 4);
      return orders.projectNow(
        index >= counts.projects && orders.isOrdered(uid)
          ? emptyProject(uid, context.addedAt ?? context.now)
          : buildProject(index, uid, teamUid, context),
      );
    });
    this.clusters = new PaletteClusters({
      world,
      counts,
      orders,
      projectRef: (index) => {
        const uid = this.projects.keyAt(index);
        return { uid, name: this.projects.byIndex(index)?.metadata.name ?? '' };
      },
      groupUid: (index) => this.groups.keyAt(index),
    });
    this.groups = populate(world, 'group', counts.groups, (index, uid, context) =>
      buildGroup(
        index,
        { uid, projectUid: this.ownerUid(index), members: this.groupMembers(index) },
        context,
      ),
    );
    this.deployments = populate(world, 'deployment', counts.deployments, (index, uid, context) => {
      const place = {
        uid,
        projectUid: this.projects.keyAt(index % counts.projects),
        cluster: this.clusterOf(index),
        profileUid: hexKeys(world.seedOf('profile'), uidDigits).keyOf(index % 8),
      };
      return orders.deploymentNow(buildDeployment(index, place, context), context.now);
    });
    this.orderedDeployments = populate(world, 'deployment ordered', 0, (index, uid, context) => {
      const order = orders.deployments[index];
      if (order === undefined) throw new RangeError(`no deployment ${index} was ordered`);
      return orders.deploymentNow(buildOrderedDeployment(order, uid, context), context.now);
    });
    this.controls = this.controlsOfKinds();
  }

  add(kind: ObjectKind, count: number): string[] {
    return this.controls.add(kind, count);
  }

  remove(kind: ObjectKind, key: string): boolean {
    this.settle();
    return this.controls.remove(kind, key);
  }

  /** A bare {name} means metadata.name, where every object here keeps it. */
  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean {
    this.settle();
    const { name, ...rest } = change;
    const inner = typeof name === 'string' ? { metadata: { name } } : {};
    return this.controls.touch(kind, key, { ...rest, ...inner });
  }

  /** Deleted clusters do not count. */
  size(kind: ObjectKind): number {
    this.settle();
    return this.controls.size(kind);
  }

  /** Lets happen what was due by now: clusters that are gone, and projects whose clean-up is over. Whoever looks calls it first. */
  settle(): void {
    for (const { uid, at } of this.orders.departures.over(this.world.clock.now())) {
      this.clusters.takeAway(uid, at);
    }
    for (const uid of this.orders.cleaningProjects()) {
      const scope = this.scopeOf(uid);
      if (scope !== undefined && this.clusters.own(scope).length > 0) continue;
      this.projects.remove(uid);
      this.orders.forgetProject(uid);
    }
  }

  /** undefined: there is no such project. */
  scopeOf(projectUid: string): Scope | undefined {
    const index = this.projects.indexOf(projectUid);
    return index === undefined ? undefined : { uid: projectUid, index };
  }

  deploymentsOf(scope: Scope): Rows<AppDeployment> {
    if (scope === null) return joinRows([this.deployments, this.orderedDeployments]);
    const end = this.counts.deployments + this.addedDeployments;
    const ordered = this.orderedDeployments.filter(
      (one) => one.metadata.annotations['projectUid'] === scope.uid,
    );
    return joinRows([
      partOfProject(this.deployments, scope.index, this.counts.projects, end),
      rowsOf(ordered),
    ]);
  }

  deployment(uid: string, scope: Scope): AppDeployment | undefined {
    const found = this.deployments.get(uid) ?? this.orderedDeployments.get(uid);
    return found?.metadata.annotations['projectUid'] === (scope?.uid ?? null) ? found : undefined;
  }

  /** The scope's own groups, and in a project those of the tenant too. */
  groupsOf(scope: Scope): PaletteGroup[] {
    return this.groups.filter((group) => isVisible(group, scope));
  }

  group(uid: string, scope: Scope): PaletteGroup | undefined {
    const found = this.groups.get(uid);
    return found !== undefined && isVisible(found, scope) ? found : undefined;
  }

  private controlsOfKinds(): ObjectControls {
    const { clusters, deployments, orderedDeployments: ordered } = this;
    return populationControls({
      project: this.projects,
      cluster_group: this.groups,
      deployment: {
        get size() {
          return deployments.size + ordered.size;
        },
        add: (count) => {
          this.addedDeployments += count;
          return deployments.add(count);
        },
        remove: (key) => deployments.remove(key) || ordered.remove(key),
        touch: (key, change) => deployments.touch(key, change) || ordered.touch(key, change),
      },
      cluster: {
        get size() {
          return clusters.size;
        },
        add: (count) => clusters.add(count),
        remove: (key) => clusters.takeAway(key, this.world.clock.now()),
        touch: (key, change) => clusters.touch(key, change),
      },
    });
  }

  /** Host clusters of the group's own scope: every third group is a project's, the others are the tenant's. */
  private groupMembers(group: number): PaletteCluster[] {
    const owner = this.ownerOf(group);
    const kind = owner === null ? 'tenant' : 'plain';
    const first = owner ?? group * 2;
    const step = owner === null ? 1 : this.counts.projects;
    const indexes = [0, 1, 2].map((turn) => (first + turn * step) % (this.counts[kind] || 1));
    return [...new Set(indexes)].flatMap((index) => {
      const { cluster } = this.clusters.seededAt(kind, index);
      return cluster === undefined || projectOf(cluster) !== this.ownerUid(group) ? [] : [cluster];
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
      const { uid, cluster } = this.clusters.seededAt(kind, first + (round % choices) * step);
      const name = cluster?.metadata.name ?? '';
      return { deploymentClusterType: kind === 'nested' ? 'virtual' : 'host', name, uid };
    }
    throw new RangeError('a Palette tenant without any cluster');
  }
}

function isVisible({ metadata }: PaletteGroup, scope: Scope): boolean {
  const owner = metadata.annotations['projectUid'];
  return owner === undefined || owner === scope?.uid;
}
