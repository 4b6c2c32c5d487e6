import { inSeedYear, isoTime } from '../core/clock.ts';
import type { ObjectControls, World } from '../core/emulator.ts';
import { Executions } from '../core/executions.ts';
import { uuidKeys } from '../core/keys.ts';
import { type BuildContext, Population, populationControls } from '../core/population.ts';
import type { Rollout, RolloutPhase } from '../core/rollouts.ts';
import type { DeploymentBody } from './bodies.ts';
import { Clusters } from './clusters.ts';
import {
  buildApplication,
  buildGroup,
  nameOfApplication,
  nameOfGroup,
  type WireApplication,
  type WireDeployment,
  type WireGroup,
  type WireRelease,
} from './objects.ts';

/**
 * What this Fleet Manager holds. Of `scale` objects 40 % are clusters, 15 % applications, 5 % cluster groups, 15 % deployments and
 * 25 % releases: none to four per deployment.
 *
 * Assumptions, where no evidence says how the real one behaves:
 * - order of every list: as created, oldest first; `deployment-releases` newest first, of one deployment strictly by time, of all of
 *   them by deployment;
 * - an unknown or deleted cluster, deployment or release answers 404 in Nest's shape (an application: 500, which was observed);
 * - a limit over 200, and any offset or limit that is not a number in range, answers 400 with a message array;
 * - list objects of deployments and applications carry every field that the object alone carries;
 * - most deployments name their group in `targetGroup`; some older ones in `clusterGroupId`, a few name one `cluster` {id, name}, a few
 *   name nothing; `applications` are objects {id, name};
 * - `version` of an application is there when the client once sent one;
 * - a deployment has the status of its newest release, and `Created` before the first; a deployment whose application was deleted
 *   stays; its releases go with the deployment;
 * - deployments that are released often keep only their newest releases;
 * - one in about fifty clusters is listed with `deletedAt`, and deleting one sets it; such a cluster can still be got by its id;
 * - a body is checked as by Nest's ValidationPipe: 400 with a message array; a group that is not there is one of its complaints, an
 *   application that is not there is a 500 as when it is read, and so is a deploy of a deployment whose application is gone;
 * - nothing is unique by name: the same body sent twice makes two objects; what a PUT does not name stays as it is;
 * - a deployment keeps `applications` as they were sent, with version and strategy; one that was sent with `clusterGroupId` shows
 *   `clusterGroupId` and `applicationVersion`;
 * - running, for the 409 of a deploy or a delete, is a newest release in Created, Pending or Running; an application has active
 *   deployments while any names it. A deleted deployment takes its releases along;
 * - a release that a client asked for is answered as the object, never gets stuck, and ends in Success after three to six minutes.
 */
export class FleetState implements ObjectControls {
  readonly clusters: Clusters;
  readonly applications: Population<WireApplication>;
  readonly groups: Population<WireGroup>;
  readonly deployments: Population<WireDeployment>;
  readonly releases: Executions<WireRelease>;
  private readonly world: World;
  private readonly counts: Counts;
  private readonly writtenAt = new Map<string, number>();
  private readonly plain: ObjectControls;

  constructor(world: World) {
    this.world = world;
    this.counts = splitScale(world.scale);
    const { clock } = world;
    const population = <T extends object>(
      kind: string,
      seeded: number,
      build: (id: string, index: number, context: BuildContext) => T,
    ): Population<T> => {
      const seed = world.seedOf(kind);
      const keys = uuidKeys(seed);
      return new Population({
        clock,
        seed,
        seeded,
        keys,
        build: (index, at) => build(keys.keyOf(index), index, at),
      });
    };
    this.clusters = new Clusters(world, this.counts.clusters);
    this.applications = population('application', this.counts.applications, buildApplication);
    this.groups = population('group', this.counts.groups, buildGroup);
    this.deployments = population('deployment', this.counts.deployments, (id, index, context) =>
      this.buildDeployment(id, index, context),
    );
    const releaseSeed = world.seedOf('release');
    this.releases = new Executions<WireRelease>({
      clock,
      seed: releaseSeed,
      keys: uuidKeys(releaseSeed),
      parents: this.counts.deployments,
      createdAt: (parent) => deploymentBirth(world, parent),
      pattern: [4, 2, 0, 1, 2, 1],
      busy: (parent) => parent < 12 || parent % 20 === 0,
      liveParents: () => this.deployments,
      build: (rollout, key) => this.buildRelease(rollout, key),
    });
    this.plain = populationControls({
      project: this.applications,
      cluster_group: this.groups,
      deployment: this.deployments,
      release: this.releases.population,
    });
  }

  /** Of one deployment, oldest first; undefined: no such deployment. */
  releasesOf(deploymentId: string): WireRelease[] | undefined {
    const index = this.deployments.indexOf(deploymentId);
    return index === undefined ? undefined : this.releases.of(index);
  }

  /** All, newest deployment first. */
  get allReleases(): { size: number; slice(start: number, count: number): WireRelease[] } {
    const { population } = this.releases;
    return {
      size: population.size,
      slice: (start, count) => {
        const end = population.size - start;
        const from = Math.max(0, end - count);
        return end <= 0 ? [] : population.slice(from, end - from).reverse();
      },
    };
  }

  /** A deploy that a client asked for: the release, which waits in line now. */
  release(deploymentId: string): WireRelease | undefined {
    const index = this.deployments.indexOf(deploymentId);
    return index === undefined ? undefined : this.releases.population.get(this.releases.ask(index));
  }

  isRunning(deploymentId: string): boolean {
    const latest = this.releasesOf(deploymentId)?.at(-1);
    return ['Created', 'Pending', 'Running'].includes(latest?.status ?? '');
  }

  /** Lays what a client sent over a deployment; its status stays that of its releases. */
  writeDeployment(id: string, body: DeploymentBody): void {
    const none = { targetGroup: undefined, clusterGroupId: undefined, cluster: undefined };
    this.deployments.touch(id, { ...none, applicationVersion: undefined, ...body });
    this.writtenAt.set(id, this.world.clock.now());
  }

  add(...[kind, count]: Parameters<ObjectControls['add']>): string[] {
    if (kind === 'cluster') return this.clusters.population.add(count);
    return kind === 'release' ? this.releases.add(count) : this.plain.add(kind, count);
  }

  remove(...[kind, key]: Parameters<ObjectControls['remove']>): boolean {
    if (kind === 'cluster') return this.clusters.remove(key);
    if (kind === 'release') return this.releases.remove(key);
    const index = kind === 'deployment' ? this.deployments.indexOf(key) : undefined;
    if (index !== undefined) this.releases.removeAllOf(index);
    return this.plain.remove(kind, key);
  }

  touch(...[kind, key, change]: Parameters<ObjectControls['touch']>): boolean {
    if (kind === 'cluster') return this.clusters.touch(key, change);
    const dated = { updatedAt: isoTime(this.world.clock.now()), ...change };
    if (kind === 'release') return this.releases.touch(key, dated);
    const index = kind === 'deployment' ? this.deployments.indexOf(key) : undefined;
    if (index !== undefined) this.releases.pin(index);
    return this.plain.touch(kind, key, dated);
  }

  size(kind: Parameters<ObjectControls['size']>[0]): number {
    return kind === 'cluster' ? this.clusters.liveCount : this.plain.size(kind);
  }

  private buildDeployment(id: string, index: number, { addedAt }: BuildContext): WireDeployment {
    const applicationIndex = index % this.counts.applications;
    const groupIndex = (index * 7 + Math.floor(index / this.counts.applications)) % this.counts.groups;
    const applicationId = this.applications.keyAt(applicationIndex);
    const applicationName = nameOfApplication(applicationIndex);
    const groupId = this.groups.keyAt(groupIndex);
    const created = addedAt ?? deploymentBirth(this.world, index);
    const latest = this.releases.of(index).at(-1);
    const target = targetOf(index, groupId, this.clusters);
    const written = isoTime(this.writtenAt.get(id) ?? created);
    const moved = latest?.updatedAt ?? written;
    return {
      id,
      name: `${applicationName}-${nameOfGroup(groupIndex)}`,
      status: latest?.status ?? 'Created',
      applicationId,
      ...target,
      applications: [{ id: applicationId, name: applicationName }],
      createdAt: isoTime(created),
      updatedAt: [moved, written].toSorted().at(-1) ?? moved,
    };
  }

  private buildRelease(rollout: Rollout, id: string): WireRelease {
    const identity = rollout.parent * 5 + rollout.sequence; // stays the same while newer releases push this one back
    const stuck = identity % 19 === 9 && rollout.phase !== 'created' && !rollout.asked; // never leaves the queue until somebody looks after it
    return {
      id,
      deploymentId: this.deployments.keyAt(rollout.parent),
      status: statusWord(stuck ? 'pending' : rollout.phase, identity),
      label: identity % 9 === 7 ? null : `Release ${rollout.sequence}`,
      createdAt: isoTime(rollout.createdAt),
      updatedAt: isoTime(stuck ? rollout.createdAt + 30_000 : rollout.changedAt),
    };
  }
}

interface Counts {
  clusters: number;
  applications: number;
  groups: number;
  deployments: number;
}

function splitScale(scale: number): Counts {
  const share = (part: number): number => Math.max(1, Math.round(scale * part));
  return { clusters: share(0.4), applications: share(0.15), groups: share(0.05), deployments: share(0.15) };
}

/** In the first two thirds of the year, so that its releases fit behind it. */
function deploymentBirth(world: World, index: number): number {
  return inSeedYear(((world.seedOf(`deployment ${index}`) % 1000) / 1000) * 0.65);
}

function targetOf(index: number, groupId: string, clusters: Clusters): Partial<WireDeployment> {
  if (index % 7 === 5) return { clusterGroupId: groupId };
  if (index % 14 === 8) {
    const [cluster] = clusters.population.slice(0, 1);
    if (cluster !== undefined) return { cluster: { id: cluster.id, name: cluster.name } };
  }
  if (index % 11 === 6) return { targetGroup: null };
  return { targetGroup: groupId };
}

const words: Record<RolloutPhase, string> = {
  created: 'Created',
  pending: 'Pending',
  running: 'Running',
  success: 'Success',
  failed: 'Failed',
  cancelled: 'cancelled',
};

/** Capitalised, but one code path of the real one was seen to speak of `failed` and `cancelled` in lower case. */
function statusWord(phase: RolloutPhase, identity: number): string {
  if (phase === 'failed' && identity % 3 === 0) return 'failed';
  return words[phase];
}
