/**
 * What the KubeStellar integration toolkit holds: ClusterDeploymentStatus objects. `scale` is how many; they name scale/8 clusters.
 *
 * Assumptions, i.e. all that the documentation does not say, which is nearly everything:
 * - The list is {items: [...]}, not a bare array, and whole: query parameters are ignored.
 * - The object: {name, namespace?, cluster, application?, version?, phase, message?, replicas{desired, ready}, labels, createdAt,
 *   updatedAt, completedAt?, resourceVersion?}. `name` is unique and is the key; every third seeded object has no resourceVersion.
 * - POST and PUT take name, namespace, cluster, application, version, labels and replicas.desired; what else a client has read it may
 *   send back, and it is ignored. Another field is a 400; name and cluster are required. Labels and replicas that are left out are
 *   none and 1: a PUT replaces.
 * - A POST of a name that is there is a 409. A PUT with a resourceVersion that is not the present one is a 409; without one it wins.
 *   A PUT under another name than that of its path is a 400.
 * - What is written is rolled out anew, and ends well. A DELETE takes effect at once.
 * - phase is Pending, Deploying, Running, Succeeded, Failed or Deleting; a word beyond them (Suspended) is sent now and then.
 * - The token is static: it never expires, so `expireSessions` changes nothing.
 * - There is no reading of one: that path answers GET with 405, as it does know PUT and DELETE. Another path is 404.
 * - Clusters are nothing of their own: they are names inside the objects.
 */
import { type Clock, inSeedYear, isoTime } from '../core/clock.ts';
import type { ObjectControls, ObjectKind, World } from '../core/emulator.ts';
import type { Keys } from '../core/keys.ts';
import { type BuildContext, mergeDeep, Population } from '../core/population.ts';
import { hashAt } from '../core/random.ts';
import type { Desired } from './bodies.ts';
import type { ClusterDeploymentStatus } from './wire.ts';
import { shownAt, versionOf, type WrittenObject } from './written.ts';

const applications = ['argocd', 'flux', 'istio', 'prometheus', 'billing', 'catalog', 'mailer', 'search'];
const regions = ['east', 'west', 'north', 'south'];
const second = 1000;
const minute = 60 * second;

function applicationOf(seed: number, index: number): string {
  return applications[(index + seed) % applications.length] ?? 'argocd';
}

/** The names: application, then the number in base 36. */
export function nameKeys(seed: number): Keys {
  const keyOf = (index: number): string =>
    `${applicationOf(seed, index)}-${index.toString(36).padStart(4, '0')}`;
  return {
    keyOf,
    valueOf: (key) => {
      const index = Number.parseInt(/-([0-9a-z]{4,9})$/.exec(key)?.[1] ?? '', 36);
      return Number.isSafeInteger(index) && keyOf(index) === key ? index : undefined;
    },
  };
}

export class ToolkitState implements ObjectControls {
  private readonly deployments: Population<ClusterDeploymentStatus>;
  private readonly clock: Clock;
  /** what clients have written, by name; it takes the place of a seeded object of that name */
  private readonly written = new Map<string, WrittenObject>();
  /** how often the control has touched a seeded object */
  private readonly touches = new Map<string, number>();

  constructor(world: World) {
    this.clock = world.clock;
    const seed = world.seedOf('deployment');
    const keys = nameKeys(seed);
    const clusters = Math.max(1, Math.round(world.scale / 8));
    this.deployments = new Population<ClusterDeploymentStatus>({
      clock: world.clock,
      seed,
      seeded: world.scale,
      keys,
      build: (index, context) => {
        const cluster = index % clusters;
        return {
          name: keys.keyOf(index),
          ...(index % 6 === 5 ? {} : { namespace: `team-${index % 4}` }),
          cluster: `wec-${regions[(cluster + seed) % regions.length]}-${cluster + 1}`,
          ...statusOf(index, applicationOf(seed, index), context),
        };
      },
    });
  }

  list(): ClusterDeploymentStatus[] {
    const seeded = this.deployments.slice(0, this.deployments.size);
    const names = new Set(seeded.map(({ name }) => name));
    const made = [...this.written.values()].filter(({ desired }) => !names.has(desired.name));
    return [
      ...seeded.map((object) => this.get(object.name) ?? object),
      ...made.map((written) => shownAt(this.clock.now(), written)),
    ];
  }

  /** undefined: there is none of that name. */
  get(name: string): ClusterDeploymentStatus | undefined {
    const written = this.written.get(name);
    if (written) return shownAt(this.clock.now(), written);
    const seeded = this.deployments.get(name);
    if (!seeded) return undefined;
    const writes = this.touches.get(name);
    if (writes === undefined || seeded.resourceVersion === undefined) return seeded;
    return { ...seeded, resourceVersion: `${seeded.resourceVersion}${String(writes).padStart(3, '0')}` };
  }

  /** Makes the object, or replaces it. */
  write(desired: Desired): ClusterDeploymentStatus {
    const now = this.clock.now();
    const before = this.get(desired.name);
    const written = {
      desired,
      createdAt: before ? Date.parse(before.createdAt) : now,
      writtenAt: now,
      writes: (this.written.get(desired.name)?.writes ?? 0) + 1,
      touched: {},
    };
    this.written.set(desired.name, written);
    return shownAt(now, written);
  }

  add(kind: ObjectKind, count: number): string[] {
    if (kind !== 'deployment') throw new RangeError(`this upstream has no ${kind}`);
    return this.deployments.add(count);
  }

  remove(kind: ObjectKind, key: string): boolean {
    if (kind !== 'deployment') return false;
    const written = this.written.delete(key);
    return this.deployments.remove(key) || written;
  }

  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean {
    if (kind !== 'deployment') return false;
    const written = this.written.get(key);
    if (written) {
      const touched = mergeDeep(written.touched, change);
      this.written.set(key, { ...written, touched, writes: written.writes + 1 });
      return true;
    }
    this.touches.set(key, (this.touches.get(key) ?? 0) + 1);
    return this.deployments.touch(key, change);
  }

  /** For clusters: how many names the objects hold. */
  size(kind: ObjectKind): number {
    if (kind === 'deployment') return this.list().length;
    if (kind !== 'cluster') return 0;
    return new Set(this.list().map(({ cluster }) => cluster)).size;
  }
}

/**
 * Every 1 to 4 hours a new rollout: Pending for 20 s, Deploying for 1 to 5 minutes, then Running (Succeeded for every fifth, which
 * is a job) or, one time in eight, Failed.
 */
function statusOf(
  index: number,
  application: string,
  { random, now, addedAt }: BuildContext,
): Omit<ClusterDeploymentStatus, 'name' | 'namespace' | 'cluster'> {
  const created = addedAt ?? inSeedYear(random.next());
  const period = random.between(60, 240) * minute;
  const age = addedAt === null ? now + random.between(0, period - 1) : now - addedAt;
  const working = 20 * second + random.between(60, 300) * second;
  const desired = random.between(1, 8);
  const draw = random.between(0, 0x7fff_ffff);
  const rollout = Math.floor(age / period);
  const elapsed = age % period;
  const started = now - elapsed;
  const fails = hashAt(draw, rollout) % 8 === 0;
  const end = fails ? 'Failed' : index % 5 === 4 ? 'Succeeded' : 'Running';
  const phase =
    (addedAt === null ? fixedPhases[index % 50] : undefined) ??
    (elapsed < 20 * second ? 'Pending' : elapsed < working ? 'Deploying' : end);
  const ended = phase === end;
  const changed = ended ? started + working : elapsed < 20 * second ? started : started + 20 * second;
  const ready =
    phase === 'Running' || phase === 'Succeeded' ? desired : phase === 'Pending' ? 0 : desired - 1;
  return {
    ...(index % 7 === 6 ? {} : { application }),
    ...(index % 9 === 8 ? {} : { version: `v1.${rollout % 40}.${index % 10}` }),
    phase,
    ...(phase === 'Failed' ? { message: 'deployment exceeded its progress deadline' } : {}),
    replicas: { desired, ready },
    labels: index % 4 === 3 ? {} : { app: application, tier: index % 2 === 0 ? 'prod' : 'stage' },
    ...(index % 3 === 2 ? {} : { resourceVersion: versionOf(Math.max(created, changed), 0) }),
    createdAt: isoTime(created),
    updatedAt: isoTime(Math.max(created, changed)),
    ...(ended ? { completedAt: isoTime(Math.max(created, changed)) } : {}),
  };
}

/** Of fifty seeded ones in a row one is being deleted and one has a word that nobody documents; they stay so. */
const fixedPhases: Readonly<Record<number, string>> = { 21: 'Deleting', 37: 'Suspended' };
