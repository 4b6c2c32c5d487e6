import { type Random, randomFrom } from '../core/random.ts';
import { offsetTime, utcTime, zeroTime } from './times.ts';

export interface HostPlace {
  uuid: string;
  azUuid: string;
  clusterUuid: string;
  clusterName: string;
  /** Its position in the cluster. */
  position: number;
  /** When the cluster was made, ms. */
  created: number;
  /** Since when the agent of this host has been silent, ms; null: it reports. */
  silentSince: number | null;
}

const gib = 1024 ** 3;
const minute = 60_000;

export type HostState = 0 | 1 | 2 | 5;

function stateOf(position: number): HostState {
  if (position % 23 === 9) return 2;
  return position % 17 === 11 ? 5 : 1;
}

/** The detail answer. `hostRow` is the same host as a list shows it. */
export function buildHost(place: HostPlace, now: number, seed: number): Record<string, unknown> {
  const random: Random = randomFrom(seed);
  const vcpus = random.pick([16, 32, 64, 96, 128]);
  const memory = vcpus * random.pick([2, 4, 8]) * gib;
  const load = random.between(5, 90) / 100;
  const fraction = random.between(0, 999_999_999);
  const machines = random.between(0, 3);
  const drained = stateOf(place.position) === 5;
  const reachable = place.silentSince === null;
  const lastSeen = place.silentSince ?? now - (now % minute);
  return {
    uuid: place.uuid,
    name: `node-${String(place.position + 1).padStart(3, '0')}`,
    description: '',
    az_uuid: place.azUuid,
    cluster_uuid: place.clusterUuid,
    cluster_name: place.clusterName,
    rack_name: `rack-${Math.floor(place.position / 16) + 1}`,
    manage_ip: `10.${random.between(0, 255)}.${random.between(0, 255)}.${(place.position % 250) + 2}`,
    node_ip: '',
    storage_ip: '',
    state: stateOf(place.position),
    monitor_state: reachable ? 1 : 0,
    heartbeat_at: place.position % 2 === 0 ? utcTime(lastSeen, fraction) : offsetTime(lastSeen, fraction),
    created_at: utcTime(place.created, fraction),
    tags: place.position % 2 === 0 ? null : [],
    physical_vcpus: vcpus,
    physical_memory: memory,
    total_vcpus: vcpus * 2,
    total_memory: memory,
    used_vcpus: Math.round(vcpus * 2 * load),
    used_memory: Math.round(memory * load),
    reserved_vcpus: 2,
    reserved_memory: 4 * gib,
    vm_count: machines,
    vm_running_count: machines,
    domains: machines,
    active_domains: machines,
    operation: '',
    last_operation_name: drained ? 'drain' : '',
    last_operation_state: drained ? 1 : 0,
    last_operation_created_at: drained ? utcTime(place.created, fraction) : zeroTime,
    last_operation_finished_at: drained ? utcTime(place.created + minute, fraction) : zeroTime,
    tasks: [],
    vms: Array.from({ length: machines }, (_, at) => ({ name: `vm-${at}`, state: 1 })),
    networks: [{ name: 'default', type: 0 }],
    storage_pools: [{ name: 'local', type: 0 }],
  };
}

const emptyInLists = {
  physical_vcpus: 0,
  physical_memory: 0,
  total_vcpus: 0,
  total_memory: 0,
  used_vcpus: 0,
  used_memory: 0,
  reserved_vcpus: 0,
  reserved_memory: 0,
  vm_count: 0,
  vm_running_count: 0,
  domains: 0,
  active_domains: 0,
  tasks: [],
  vms: [],
  networks: [],
  storage_pools: [],
} as const;

/** What a list shows: no capacity, nothing nested. */
export function hostRow(host: Record<string, unknown>): Record<string, unknown> {
  return { ...host, ...emptyInLists };
}
