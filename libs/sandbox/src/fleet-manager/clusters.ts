import { type Clock, inSeedYear, isoTime, worldEpoch } from '../core/clock.ts';
import type { World } from '../core/emulator.ts';
import { uuidKeys } from '../core/keys.ts';
import { type BuildContext, Population } from '../core/population.ts';
import { hashAt, type Random } from '../core/random.ts';

/** ClusterDto: only id, name, createdAt and updatedAt are promised; everything else may be null or missing. */
export interface WireCluster {
  id: string;
  name: string;
  createdAt: string;
  updatedAt: string;
  /** Set: deleted, though still listed. Not in the published DTO, but a connector in the field reads it. */
  deletedAt?: string | null;
  [field: string]: unknown;
}

const cities = [
  'berlin',
  'hamburg',
  'munich',
  'lyon',
  'porto',
  'gdansk',
  'leeds',
  'malmo',
  'turin',
  'austin',
];
const sites = ['store', 'store', 'store', 'depot', 'plant', 'vessel'];
const versions = ['9.4.30.217', '9.4.28.211', '9.3.21.209', '9.2.27.217'];
const minute = 60_000;

/** Every fiftieth is shown as deleted, the first at position 17. */
function bornDeleted(index: number, addedAt: number | null): boolean {
  return addedAt === null && index % 50 === 17;
}

/** The clusters, and which of them are deleted but still listed. */
export class Clusters {
  readonly population: Population<WireCluster>;
  private readonly clock: Clock;
  private readonly bornDeletedCount: number;
  private readonly deletedNow = new Map<string, boolean>();

  constructor(world: World, seeded: number) {
    const keys = uuidKeys(world.seedOf('cluster'));
    const organizationId = uuidKeys(world.seedOf('organization')).keyOf(0);
    const seed = world.seedOf('cluster');
    this.clock = world.clock;
    this.bornDeletedCount = Math.floor((seeded + 32) / 50);
    this.population = new Population({
      clock: world.clock,
      seed,
      seeded,
      keys,
      build: (index, context) => buildCluster(keys.keyOf(index), organizationId, seed, index, context),
    });
  }

  /** Those that are not marked as deleted. */
  get liveCount(): number {
    let change = 0;
    for (const [key, deleted] of this.deletedNow)
      change += Number(this.wasBornDeleted(key)) - Number(deleted);
    return this.population.size - this.bornDeletedCount + change;
  }

  /** Marks one as deleted; it stays in the list, with `deletedAt`. */
  remove(key: string): boolean {
    const found = this.population.get(key);
    if (found === undefined || typeof found.deletedAt === 'string') return false;
    return this.touch(key, { deletedAt: isoTime(this.clock.now()) });
  }

  touch(key: string, change: Record<string, unknown>): boolean {
    const touched = this.population.touch(key, { updatedAt: isoTime(this.clock.now()), ...change });
    if (touched && 'deletedAt' in change) this.deletedNow.set(key, typeof change['deletedAt'] === 'string');
    return touched;
  }

  private wasBornDeleted(key: string): boolean {
    const index = this.population.indexOf(key) ?? -1;
    return bornDeleted(index, this.population.addedAtOf(index));
  }
}

function buildCluster(
  id: string,
  organizationId: string,
  seed: number,
  index: number,
  { now, addedAt, random }: BuildContext,
): WireCluster {
  const created = addedAt ?? inSeedYear(random.next() * 0.9);
  const city = random.pick(cities);
  const name = `${random.pick(sites)}-${city}-${String(index + 1).padStart(3, '0')}`;
  const changed = addedAt ?? created + Math.floor((worldEpoch - created) * random.next());
  const base = { id, name, createdAt: isoTime(created), updatedAt: isoTime(changed) };
  if (index % 17 === 11 && !bornDeleted(index, addedAt)) return base; // a cluster that never reported: only what the document promises
  const health = healthAt(seed, index, now);
  const nodeCount = random.pick([1, 3, 3, 3, 4, 5, 8]);
  const vmTotal = random.between(0, 6) * nodeCount;
  const updating = index % 41 === 20;
  return {
    ...base,
    updatedAt: isoTime(Math.max(changed, health.since)),
    deletedAt: bornDeleted(index, addedAt) ? isoTime(changed) : null,
    organizationId,
    nodeCount,
    version: index % 37 === 13 ? null : random.pick(versions),
    ...usage(seed, index, now, random, health.onlineStatus === 'online'),
    healthScore: health.score,
    healthState: health.healthState,
    vmRunning: health.onlineStatus === 'online' ? Math.max(0, vmTotal - random.between(0, 2)) : null,
    vmTotal,
    tags: random.chance(0.2) ? null : `retail, ${random.pick(['tier-1', 'tier-2', 'lab'])}, ${city}`,
    lastCheckin: health.lastCheckin,
    leaderNodeLanIp: `10.${random.between(0, 250)}.${random.between(0, 250)}.11`,
    leaderNode: null,
    onlineStatus: health.onlineStatus,
    updatesAvailable: 0,
    updatesAvailableOptions: [],
    updatesStatus: updating
      ? { isUpdating: true, state: 'UPDATING', message: 'Applying', percent: 40, toVersion: versions[0] }
      : { isUpdating: false, state: 'IDLE', message: '', percent: 0 },
  };
}

interface Health {
  onlineStatus: 'online' | 'offline' | null;
  healthState: string | null;
  score: number | null;
  lastCheckin: string | null;
  /** When this state began, ms; 0: long ago. */
  since: number;
}

/** Every tenth goes down and comes back in a period of 6 to 15 minutes; the others stay as they are. */
function healthAt(seed: number, index: number, now: number): Health {
  // A cluster reports every 5 minutes, each at its own moment.
  const beat = hashAt(seed, index) % (5 * minute);
  const lastBeat = now - ((now - beat) % (5 * minute));
  const online = (healthState: string, score: number, since = 0): Health => ({
    onlineStatus: 'online',
    healthState,
    score,
    lastCheckin: isoTime(lastBeat),
    since,
  });
  const offline = (lost: number, since: number): Health => ({
    onlineStatus: 'offline',
    healthState: 'disconnected',
    score: null,
    lastCheckin: isoTime(lost),
    since,
  });
  if (index % 10 === 4) {
    const period = (6 + (hashAt(seed ^ 0x51ed270b, index) % 10)) * minute;
    const at = (now + (index % 40) * 2 * minute) % period;
    const began = now - at;
    if (at < 0.25 * period) return online('warning', 70, began);
    if (at < 0.35 * period) return online('critical', 30, began + 0.25 * period);
    if (at < 0.45 * period) return offline(began, began + 0.35 * period);
    return online('healthy', 100, began + 0.45 * period);
  }
  if (index % 25 === 9) return offline(worldEpoch - (1 + (beat % 50)) * 60 * minute, 0);
  if (index % 31 === 19) return online('connecting', 50);
  if (index % 29 === 23) return online('critical', 25);
  if (index % 13 === 6) return online('warning', 75);
  if (index % 7 === 3) return online('info', 98);
  if (index % 7 === 5) return online('notice', 95);
  if (index % 43 === 27) {
    return { onlineStatus: null, healthState: null, score: null, lastCheckin: null, since: 0 };
  }
  return online('healthy', 100);
}

/** Percentages that wander by a few points every ten minutes; null while the cluster is away. */
function usage(
  seed: number,
  index: number,
  now: number,
  random: Random,
  online: boolean,
): Record<string, unknown> {
  const bucket = Math.floor(now / (10 * minute));
  const wander = (base: number, salt: number): number =>
    base + (hashAt(seed + salt, index * 31 + bucket) % 7);
  const storage = random.between(5, 90);
  const memory = random.between(10, 85);
  const cpu = random.between(1, 80);
  if (!online) return { storagePercent: null, memoryPercent: null, cpuPercent: null };
  return { storagePercent: storage, memoryPercent: wander(memory, 1), cpuPercent: wander(cpu, 2) };
}
