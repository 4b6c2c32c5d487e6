import type { FastifyReply } from 'fastify';
import type { World } from '../core/emulator.ts';
import { hexKeys } from '../core/keys.ts';
import type { AppProfile, ClusterRef } from './app-form.ts';
import type { PaletteCluster } from './clusters.ts';
import type { Scope } from './deleted.ts';
import { forceAfter } from './departures.ts';
import { apps, type DeploymentOrder } from './deployments.ts';
import type { PaletteErrors } from './errors.ts';
import type { ClusterOrder } from './ordered-clusters.ts';
import type { GivenMetadata } from './orders.ts';
import { uidDigits } from './populations.ts';
import { type PaletteProject, type ProjectOrder, type Ref, teams } from './projects.ts';
import type { PaletteState } from './state.ts';

/** What the API's writes do to the state, and what they refuse. */
export class PaletteWrites {
  private readonly world: World;
  private readonly state: PaletteState;
  private readonly errors: PaletteErrors;

  constructor(world: World, state: PaletteState, errors: PaletteErrors) {
    this.world = world;
    this.state = state;
    this.errors = errors;
  }

  /** 201 {uid}, with the id of the audit entry. */
  made(reply: FastifyReply, uid: string): FastifyReply {
    return reply.code(201).header('AuditUid', this.world.newId()).send({ uid });
  }

  createProject(order: ProjectOrder): string {
    this.refuseTakenProject(order.name, null);
    const [uid = ''] = this.state.projects.add(1);
    this.state.orders.orderProject(uid, order, this.world.clock.now());
    return uid;
  }

  changeProject(uid: string, change: (project: PaletteProject) => ProjectOrder): void {
    const order = change(this.project(uid));
    this.refuseTakenProject(order.name, uid);
    this.state.orders.orderProject(uid, order, this.world.clock.now());
  }

  deleteProject(uid: string, cleanUp: boolean): void {
    const { clusters, apps: held } = this.contents(uid);
    if (clusters.length + held.length > 0 && !cleanUp) {
      throw this.errors.fail(409, 'ResourceInUse', 'the project has active resources');
    }
    for (const app of held) this.takeDeployment(app);
    const departure = { since: this.world.clock.now(), stuck: false };
    for (const { metadata } of clusters) this.state.orders.departures.begin(metadata.uid, departure);
    this.state.orders.clean(uid);
  }

  /** The answer to the DELETE that deletes nothing. */
  heldBy(uid: string): Record<string, unknown> {
    const { clusters, apps: held } = this.contents(uid);
    const rows = (some: readonly PaletteCluster[]) => ({
      count: some.length,
      clusters: some.map(({ metadata, status }) => ({
        clusterRef: { uid: metadata.uid, name: metadata.name },
        state: status.state,
      })),
    });
    const { true: nested = [], false: plain = [] } = Object.groupBy(clusters, ({ spec }) =>
      String(spec.cloudType === 'nested'),
    );
    return {
      clusters: rows(plain),
      virtualClusters: rows(nested),
      appDeployments: { count: held.length, apps: held.map((app) => ({ uid: app })) },
    };
  }

  createCluster(scope: Scope, order: Omit<ClusterOrder, 'project'>): string {
    this.refuseWhileCleaning(scope);
    if (this.state.clusters.own(scope).some(({ metadata }) => metadata.name === order.name)) {
      throw this.errors.fail(409, 'ClusterAlreadyExists', `cluster '${order.name}' already exists`);
    }
    const project = scope === null ? null : this.project(scope.uid).metadata;
    const ref = project === null ? null : { uid: project.uid, name: project.name };
    this.state.orders.clusters.push({ ...order, project: ref });
    return this.state.clusters.addOrdered();
  }

  renameCluster(uid: string, scope: Scope, change: (known: GivenMetadata) => GivenMetadata): void {
    const { metadata } = this.liveCluster(uid, scope);
    const given = change(metadata);
    if (
      given.name !== metadata.name &&
      this.state.clusters.own(scope).some((other) => other.metadata.name === given.name)
    ) {
      throw this.errors.fail(409, 'ClusterAlreadyExists', `cluster '${given.name}' already exists`);
    }
    this.state.orders.renameCluster(uid, given, this.world.clock.now());
  }

  deleteCluster(uid: string, scope: Scope, force: boolean): void {
    const cluster = this.liveCluster(uid, scope);
    const now = this.world.clock.now();
    const { departures } = this.state.orders;
    const { state } = cluster.status;
    if (!force) {
      if (state !== 'Deleting') departures.begin(uid, { since: now, stuck: state === 'Error' });
      return;
    }
    const since = departures.sinceOf(uid) ?? (state === 'Deleting' ? Number.NEGATIVE_INFINITY : now);
    if (now - since < forceAfter) {
      const message = 'a cluster can be deleted by force when it has been Deleting for 15 minutes';
      throw this.errors.fail(409, 'ResourceConflict', message);
    }
    this.state.clusters.takeAway(uid, now);
  }

  /** `target` is called when everything else has been found right: it may make a cluster. */
  createDeployment(
    scope: Scope,
    order: Omit<DeploymentOrder, 'projectUid' | 'cluster'>,
    target: () => ClusterRef,
  ): string {
    if (scope === null) throw this.errors.fail(400, undefined, 'app deployments are made in a project');
    this.refuseWhileCleaning(scope);
    const rows = this.state.deploymentsOf(scope);
    if (rows.slice(0, rows.size).some(({ metadata }) => metadata.name === order.name)) {
      throw this.errors.fail(409, 'AppDeploymentAlreadyExists', `app '${order.name}' already exists`);
    }
    this.state.orders.deployments.push({ ...order, projectUid: scope.uid, cluster: target() });
    return this.state.orderedDeployments.add(1)[0] ?? '';
  }

  clusterRef(uid: string, scope: Scope): ClusterRef {
    const { metadata, spec } = this.liveCluster(uid, scope);
    return {
      deploymentClusterType: spec.cloudType === 'nested' ? 'virtual' : 'host',
      name: metadata.name,
      uid,
    };
  }

  virtualCluster(scope: Scope, groupUid: string, name: string): ClusterRef {
    if (this.state.group(groupUid, scope) === undefined) {
      throw this.errors.notFound('cluster group', groupUid);
    }
    const uid = this.createCluster(scope, {
      name,
      labels: {},
      annotations: {},
      cloudType: 'nested',
      imported: false,
      spec: { clusterConfig: { hostClusterConfig: { clusterGroup: { uid: groupUid } } } },
    });
    return { deploymentClusterType: 'virtual', name, uid };
  }

  changeProfile(uid: string, scope: Scope, profileUid: string): void {
    if (this.state.deployment(uid, scope) === undefined) throw this.errors.notFound('app deployment', uid);
    this.state.orders.changeProfile(uid, this.profileOf(profileUid), this.world.clock.now());
  }

  deleteDeployment(uid: string, scope: Scope): void {
    if (this.state.deployment(uid, scope) === undefined) throw this.errors.notFound('app deployment', uid);
    this.takeDeployment(uid);
  }

  profileOf(uid: string): AppProfile {
    const at = this.numberOf('profile', uid, apps.length);
    const name = at === undefined ? undefined : apps[at];
    if (name === undefined) throw this.errors.notFound('app profile', uid);
    return { uid, name, version: `1.${at}.0` };
  }

  teamRef(uid: string): Ref {
    const at = this.numberOf('team', uid, teams.length);
    const name = at === undefined ? undefined : teams[at];
    if (name === undefined) throw this.errors.notFound('team', uid);
    return { uid, name };
  }

  private numberOf(kind: string, uid: string, count: number): number | undefined {
    const at = hexKeys(this.world.seedOf(kind), uidDigits).valueOf(uid);
    return at === undefined || at >= count ? undefined : at;
  }

  private project(uid: string): PaletteProject {
    const found = this.state.projects.get(uid);
    if (found === undefined) throw this.errors.notFound('project', uid);
    return found;
  }

  private contents(projectUid: string): { clusters: PaletteCluster[]; apps: string[] } {
    this.project(projectUid);
    const scope = this.state.scopeOf(projectUid) ?? null;
    const rows = this.state.deploymentsOf(scope);
    return {
      clusters: this.state.clusters.own(scope),
      apps: rows.slice(0, rows.size).map(({ metadata }) => metadata.uid),
    };
  }

  /** One that is there and not deleted already. */
  private liveCluster(uid: string, scope: Scope): PaletteCluster {
    const found = this.state.clusters.find(uid, scope);
    if (found === undefined || found.status.state === 'Deleted') throw this.errors.notFound('cluster', uid);
    return found;
  }

  private takeDeployment(uid: string): void {
    this.state.remove('deployment', uid);
  }

  private refuseTakenProject(name: string, uid: string | null): void {
    const taken = this.state.projects.filter(
      ({ metadata }) => metadata.name === name && metadata.uid !== uid,
    );
    if (taken.length > 0) {
      throw this.errors.fail(409, 'ProjectAlreadyExists', `project '${name}' already exists`);
    }
  }

  private refuseWhileCleaning(scope: Scope): void {
    if (scope === null || !this.state.orders.isCleaning(scope.uid)) return;
    throw this.errors.fail(409, 'ResourceConflict', 'the project is being cleaned up');
  }
}
