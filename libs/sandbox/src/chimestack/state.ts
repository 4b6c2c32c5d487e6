/**
 * What a ChimeStack installation holds: availability zones, in each up to 32 clusters, in each up to 256 hosts.
 *
 * `scale` splits into scale/20 zones (2 to 32), a quarter clusters (at least one per zone, at most 1024) and hosts for the rest.
 * Cluster i lies in zone i modulo the zones. Newest first means: what was added at run time, then the seeded ones by their index.
 *
 * Assumptions, i.e. what the contract does not say:
 * - The first page is 1, and 0 is taken for 1. The default size is 10 and the largest 100; a larger one is answered as 100.
 *   A page beyond the end is empty. `sort` takes name, created_at and state; another field, or no number for a number, is a 400.
 * - A deleted cluster (state 4) is hidden from every list; read by its uuid it is answered with state 4 and no hosts.
 * - What is suspended (2) stays in the lists, its hosts too. An integer that no enum names (7) is sent for a few clusters.
 * - A degraded cluster keeps state 1 and shows monitor_state 0 on its first host, for some minutes at a time.
 * - The error `code` is the HTTP status. A wrong password, an ended session and logging out of one are 401.
 *   /v1/auth answers {user} as the login does; /v1/logout answers the bare string "ok".
 * - Clusters and hosts carry `tags` (null or []); `az_name` is filled in all answers here.
 * - Zones are never disabled or deleted. A cluster added at run time has three hosts; one that a client made has none, and what it
 *   did not say is kvm, x86_64 and hyper-converged (0).
 * - Disabling makes the state 2, enabling makes it 1, each however often it is said. PATCH leaves what it does not name.
 * - A cluster is deleted at once, whatever lies in it; then every change of it is a 404. The 33rd cluster of a zone is a 400.
 */
import { worldEpoch } from '../core/clock.ts';
import type { ObjectControls, ObjectKind, World } from '../core/emulator.ts';
import { uuidKeys } from '../core/keys.ts';
import { mergeDeep, Population } from '../core/population.ts';
import { hashAt } from '../core/random.ts';
import { buildHost } from './hosts.ts';
import { offsetTime, utcTime } from './times.ts';

export interface Zone {
  uuid: string;
  name: string;
  description: string;
  state: number;
  created_at: string;
}

export interface ChimeCluster {
  uuid: string;
  name: string;
  description: string;
  az_uuid: string;
  az_name: string;
  arch: string;
  hypervisor_type: string;
  type: number;
  state: number;
  tags: string[] | null;
  created_at: string;
}

/** What a client says of a cluster. */
export type ClusterBody = Pick<ChimeCluster, 'name' | 'description' | 'hypervisor_type' | 'arch' | 'type'>;

const minute = 60_000;
const day = 24 * 60 * minute;
const hostsOfAdded = 3;

/** How many objects of each kind a scale means. */
export function countsOf(scale: number): { zones: number; clusters: number; hosts: number } {
  const zones = Math.min(32, Math.max(2, Math.round(scale / 20)));
  const clusters = Math.min(32 * zones, Math.max(zones, Math.round(scale * 0.25)));
  const hosts = Math.min(256 * clusters, Math.max(clusters, scale - zones - clusters));
  return { zones, clusters, hosts };
}

export class ChimeState implements ObjectControls {
  readonly zones: readonly Zone[];
  private readonly world: World;
  private readonly counts: ReturnType<typeof countsOf>;
  private readonly clusters: Population<ChimeCluster>;
  private readonly hostKeys;
  private readonly deleted = new Map<string, ChimeCluster>();
  /** Zones of the clusters that clients made, by index; all others lie where arithmetic puts them. */
  private readonly madeIn = new Map<number, Zone>();
  private added = 0;

  constructor(world: World) {
    this.world = world;
    this.counts = countsOf(world.scale);
    this.hostKeys = uuidKeys(world.seedOf('host'));
    const zoneKeys = uuidKeys(world.seedOf('az'));
    this.zones = Array.from({ length: this.counts.zones }, (_, index) => ({
      uuid: zoneKeys.keyOf(index),
      name: `az-${String(index + 1).padStart(2, '0')}`,
      description: index % 2 === 0 ? '' : `hall ${index + 1}`,
      state: 1,
      created_at: utcTime(
        worldEpoch - (400 + index) * day,
        hashAt(world.seedOf('az'), index) % 1_000_000_000,
      ),
    }));
    const clusterKeys = uuidKeys(world.seedOf('cluster'));
    this.clusters = new Population<ChimeCluster>({
      clock: world.clock,
      seed: world.seedOf('cluster'),
      seeded: this.counts.clusters,
      keys: clusterKeys,
      build: (index, { random, addedAt }) => {
        const zone = this.zoneOf(index);
        const fraction = random.between(0, 999_999_999);
        const created = addedAt ?? this.createdOf(index);
        return {
          uuid: clusterKeys.keyOf(index),
          name: `${random.pick(['compute', 'storage', 'mixed', 'gpu'])}-${index}`,
          description: random.chance(0.5) ? '' : 'made by the sandbox',
          az_uuid: zone.uuid,
          az_name: zone.name,
          arch: index % 3 === 0 ? 'x86' : index % 7 === 5 ? 'arm' : 'x86_64',
          hypervisor_type: 'kvm',
          type: index % 3,
          state: stateOf(index),
          tags: index % 2 === 0 ? null : [],
          created_at: index % 4 === 1 ? offsetTime(created, fraction) : utcTime(created, fraction),
        };
      },
    });
  }

  zone(uuid: string): Zone | undefined {
    return this.zones.find((zone) => zone.uuid === uuid);
  }

  /** The clusters of a zone, newest first. */
  clustersOf(zone: Zone): ChimeCluster[] {
    const first = this.zones.indexOf(zone);
    const { zones, clusters } = this.counts;
    const seeded: number[] = [];
    const later = [...this.madeIn].filter(([, place]) => place === zone).map(([index]) => index);
    for (let index = first; index < clusters + this.added; index += zones) {
      if (index < clusters) seeded.push(index);
      else if (!this.madeIn.has(index)) later.push(index);
    }
    later.sort((one, other) => other - one);
    const found = [...later, ...seeded].map((index) => this.clusters.byIndex(index));
    return found.filter((cluster) => cluster !== undefined && cluster.state !== 4) as ChimeCluster[];
  }

  create(zone: Zone, body: ClusterBody): ChimeCluster {
    const [uuid = ''] = this.add('cluster', 1);
    this.madeIn.set(this.clusters.indexOf(uuid) ?? -1, zone);
    const place = { az_uuid: zone.uuid, az_name: zone.name };
    const created = utcTime(this.world.clock.now(), hashAt(this.world.seedOf('made'), this.added) % 1e9);
    this.clusters.touch(uuid, { ...body, ...place, state: 1, tags: null, created_at: created });
    return this.clusters.get(uuid) as ChimeCluster;
  }

  /** A deleted one too, with state 4. */
  cluster(zone: Zone, uuid: string): ChimeCluster | undefined {
    const found = this.clusters.get(uuid) ?? this.deleted.get(uuid);
    return found?.az_uuid === zone.uuid ? found : undefined;
  }

  /** All hosts of a cluster, in full. */
  hostsOf(cluster: ChimeCluster): Record<string, unknown>[] {
    const index = this.clusters.indexOf(cluster.uuid);
    if (index === undefined || this.madeIn.has(index)) return [];
    const [first, count] = this.hostRange(index);
    const now = this.world.clock.now();
    const silentSince = this.silentSince(index, now);
    return Array.from({ length: count }, (_, position) =>
      buildHost(
        {
          uuid: this.hostKeys.keyOf(first + position),
          azUuid: cluster.az_uuid,
          clusterUuid: cluster.uuid,
          clusterName: cluster.name,
          position,
          created: index < this.counts.clusters ? this.createdOf(index) : worldEpoch,
          silentSince: position === 0 ? silentSince : null,
        },
        now,
        hashAt(this.world.seedOf('host'), first + position),
      ),
    );
  }

  add(kind: ObjectKind, count: number): string[] {
    if (kind !== 'cluster') throw new RangeError(`this upstream has no ${kind}`);
    this.added += count;
    return this.clusters.add(count);
  }

  remove(kind: ObjectKind, key: string): boolean {
    const found = kind === 'cluster' ? this.clusters.get(key) : undefined;
    if (found === undefined) return false;
    this.deleted.set(key, mergeDeep({ ...found }, { state: 4 }) as unknown as ChimeCluster);
    return this.clusters.remove(key);
  }

  touch(kind: ObjectKind, key: string, change: Record<string, unknown>): boolean {
    return kind === 'cluster' && this.clusters.touch(key, change);
  }

  size(kind: ObjectKind): number {
    return kind === 'cluster' ? this.clusters.size : 0;
  }

  private zoneOf(index: number): Zone {
    const zone = this.zones[index % this.zones.length];
    if (zone === undefined) throw new RangeError('a ChimeStack installation without a zone');
    return zone;
  }

  /** Later indexes of a zone are older: ten days apart, at most 320 days before the world's first instant. */
  private createdOf(index: number): number {
    return (
      worldEpoch -
      (Math.floor(index / this.counts.zones) + 1) * 10 * day +
      (index % this.counts.zones) * minute
    );
  }

  /** Hosts are numbered through: [first, how many]. */
  private hostRange(cluster: number): [number, number] {
    const { clusters, hosts } = this.counts;
    if (cluster >= clusters) return [hosts + (cluster - clusters) * hostsOfAdded, hostsOfAdded];
    const each = Math.floor(hosts / clusters);
    const more = hosts % clusters;
    return [cluster * each + Math.min(cluster, more), each + (cluster < more ? 1 : 0)];
  }

  /** One cluster in five loses its first host for the first 5 minutes of every 15. */
  private silentSince(index: number, now: number): number | null {
    if (index % 5 !== 3) return null;
    const shift = hashAt(this.world.seedOf('silence'), index) % (15 * minute);
    const elapsed = (now + shift) % (15 * minute);
    return elapsed < 5 * minute ? now - elapsed : null;
  }
}

function stateOf(index: number): number {
  if (index % 13 === 6) return 2;
  if (index % 17 === 9) return 0;
  return index % 29 === 14 ? 7 : 1;
}
