import { inSeedYear, isoTime } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import type { Random } from '../core/random.ts';

/** How Palette writes a time that is not set. */
export const zeroTime = '0001-01-01T00:00:00.000Z';

export interface Metadata {
  name: string;
  uid: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  creationTimestamp: string;
  lastModifiedTimestamp: string;
  deletionTimestamp: string;
}

/** All that is known of a cluster; no answer shows it whole (see the forms below). */
export interface PaletteCluster {
  metadata: Metadata;
  spec: Record<string, unknown> & { cloudType: string };
  specSummary: Record<string, unknown>;
  /** `health` and `virtual` are absent for some; `kubeMeta` only shows in the overview. */
  status: Record<string, unknown> & { state: string; health?: Record<string, unknown> };
}

/** tenant: in no project. plain, nested: in a project; nested is a virtual cluster inside a cluster group. */
export type ClusterClass = 'tenant' | 'plain' | 'nested';

export interface ClusterPlace {
  class: ClusterClass;
  uid: string;
  project: { uid: string; name: string } | null;
  /** Where a nested cluster runs. */
  groupUid: string | null;
}

const clouds = ['aws', 'azure', 'gcp', 'vsphere', 'maas', 'edge-native', 'eks'] as const;
const regions = ['us-east-1', 'eu-central-1', 'eu-west-1', 'ap-southeast-1', 'us-west-2'] as const;
const versions = ['1.30.6', '1.31.4', '1.32.1', '1.33.0', '1.33.4'] as const;
const uses = ['edge', 'retail', 'core', 'batch', 'web', 'data', 'lab', 'factory'] as const;
const tiers = ['dev', 'stage', 'prod'] as const;

const minute = 60_000;
const nestedWords = ['Running', 'Pausing', 'Paused', 'Resuming'] as const;

/** Of 24 project clusters in a row these are in another state than Running, and stay so; `Unknown` is in no enum but is seen. */
const otherStates: Readonly<Record<number, string>> = {
  5: 'Provisioning',
  8: 'Pending',
  11: 'Importing',
  14: 'Deleting',
  17: 'Error',
  20: 'Unknown',
};

export function buildCluster(index: number, place: ClusterPlace, context: BuildContext): PaletteCluster {
  const { random, now, addedAt } = context;
  const created = addedAt ?? inSeedYear(random.next());
  const cloud = place.class === 'nested' ? 'nested' : random.pick(clouds);
  const tier = random.pick(tiers);
  const name = `${random.pick(uses)}-${cloud}-${tier}-${place.class.slice(0, 1)}${index}`;
  const region = random.pick(regions);
  const version = random.pick(versions);
  const state = stateOf(index, place.class, addedAt === null ? null : now - addedAt);
  const life = healthOf(index, random, now);
  const virtual = virtualOf(index, random, now);
  const shown = state === 'Running' && life !== null && virtual !== 'Paused';
  const scope = place.project === null ? 'tenant' : 'project';
  const pools = machinePools(random);
  return {
    metadata: {
      name,
      uid: place.uid,
      labels: { tier, spectro__tag: `tier:${tier}` },
      annotations: {
        scope,
        ...(place.project === null ? {} : { projectUid: place.project.uid }),
      },
      creationTimestamp: isoTime(created),
      lastModifiedTimestamp: isoTime(shown ? Math.max(created, life.since) : created),
      deletionTimestamp: zeroTime,
    },
    spec: {
      cloudType: cloud,
      cloudRegion: region,
      clusterType: 'PureManage',
      tags: [`tier:${tier}`],
      cloudConfigRef: { kind: cloud, name: `${name}-config`, uid: place.uid },
      clusterConfig:
        place.groupUid === null ? {} : { hostClusterConfig: { clusterGroup: { uid: place.groupUid } } },
      clusterProfileTemplates: [],
    },
    specSummary: {
      archTypes: ['amd64'],
      cloudAccountMeta: place.class === 'nested' ? null : { name: `${cloud}-account`, uid: place.uid },
      cloudConfig: { cloudType: cloud, machinePools: pools, uid: place.uid },
      clusterConfig:
        place.groupUid === null ? {} : { hostClusterConfig: { clusterGroup: { uid: place.groupUid } } },
      clusterProfileTemplate: { name: `${cloud}-base`, version: '1.0.0' },
      projectMeta: place.project,
    },
    status: {
      state,
      ...(shown ? { health: { state: life.word, ...healthDetail(life, now) } } : {}),
      ...(place.class === 'nested' ? { virtual: { lifecycleStatus: { status: virtual, msg: '' } } } : {}),
      clusterImport: { isBrownfield: state === 'Importing', state: state === 'Importing' ? 'Pending' : '' },
      fips: { mode: 'none' },
      location: { countryCode: region.slice(0, 2).toUpperCase(), regionCode: region, regionName: region },
      notifications: { isAvailable: false },
      metrics: metricsOf(pools, random),
      kubeMeta: { kubernetesVersion: state === 'Pending' ? '' : version, hasKubeConfig: state === 'Running' },
      conditions: [{ type: 'CloudInfrastructureReady', status: state === 'Running' ? 'True' : 'False' }],
      apiEndpoints: state === 'Running' ? [{ host: `${name}.k8s.example.com`, port: 6443 }] : [],
      packs: [],
      services: [],
      addOnServices: [],
    },
  };
}

/** A cluster made at run time is Pending for 30 s and Provisioning up to its fifth minute. */
function stateOf(index: number, kind: ClusterClass, age: number | null): string {
  if (age !== null) return age < 0.5 * minute ? 'Pending' : age < 5 * minute ? 'Provisioning' : 'Running';
  return kind === 'plain' ? (otherStates[index % 24] ?? 'Running') : 'Running';
}

interface Health {
  word: 'Healthy' | 'UnHealthy';
  /** Since when, ms. */
  since: number;
}

/** One in nine never reports health; one in five is UnHealthy for the first third of every 12 to 40 minutes. */
function healthOf(index: number, random: Random, now: number): Health | null {
  const period = random.between(12, 40) * minute;
  const shift = random.between(0, period - 1);
  if (index % 9 === 4) return null;
  if (index % 5 !== 2) return { word: 'Healthy', since: 0 };
  const elapsed = (now + shift) % period;
  const ill = Math.floor(period / 3);
  return elapsed < ill
    ? { word: 'UnHealthy', since: now - elapsed }
    : { word: 'Healthy', since: now - elapsed + ill };
}

/** The heartbeat is once a minute, and ends when the cluster falls ill. */
function healthDetail(health: Health, now: number): Record<string, unknown> {
  const healthy = health.word === 'Healthy';
  return {
    agentVersion: '4.9.22',
    conditions: healthy
      ? []
      : [
          {
            message: 'agent does not report',
            reason: 'HeartBeatMissed',
            status: 'False',
            type: 'AgentHealthy',
          },
        ],
    lastHeartBeatTimestamp: isoTime(healthy ? now - (now % minute) : health.since - (health.since % minute)),
  };
}

/** Two in three virtual clusters run all the time; the third is paused and resumed once an hour. */
function virtualOf(index: number, random: Random, now: number): string {
  const shift = random.between(0, 60 * minute - 1);
  if (index % 3 !== 0) return 'Running';
  const elapsed = (now + shift) % (60 * minute);
  const step = elapsed < 20 * minute ? 0 : elapsed < 23 * minute ? 1 : elapsed < 54 * minute ? 2 : 3;
  return nestedWords[step] ?? 'Running';
}

interface MachinePool {
  name: string;
  isControlPlane: boolean;
  size: number;
  minSize: number;
  maxSize: number;
}

function machinePools(random: Random): MachinePool[] {
  const control = random.chance(0.6) ? 3 : 1;
  const worker = random.between(1, 12);
  return [
    { name: 'control-plane-pool', isControlPlane: true, size: control, minSize: control, maxSize: control },
    { name: 'worker-pool', isControlPlane: false, size: worker, minSize: worker, maxSize: worker },
  ];
}

/** Of the whole cluster: cpu in cores, memory in MiB. */
function metricsOf(pools: readonly MachinePool[], random: Random): Record<string, unknown> {
  const nodes = pools.reduce((sum, pool) => sum + pool.size, 0);
  const cores = nodes * random.pick([2, 4, 8, 16]);
  const measure = (total: number, unit: string): Record<string, unknown> => ({
    lastUpdatedTime: zeroTime,
    limit: total,
    request: Math.round(total * 0.4),
    total,
    unit,
    usage: Math.round(total * random.between(5, 90)) / 100,
  });
  return { cpu: measure(cores, 'cores'), memory: measure(cores * 4096, 'MiB') };
}
