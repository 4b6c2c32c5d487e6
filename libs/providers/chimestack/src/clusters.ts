import type { ClusterRecord, ClusterStatus, Key } from '@fleetgate/model';
import { type Http, instant, native, nestedList, partsOf } from '@fleetgate/provider-kit';
import type { Call, Clusters } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { clusterChanges } from './changes.ts';
import { noSuch } from './errors.ts';
import { type HostFacts, hostReader } from './hosts.ts';
import { firstPageFinder, numberedList } from './paging.ts';
import { Cluster, ElementsPage, OneCluster, type Whole } from './wire.ts';
import { deleted, presentZones, zoneAt } from './zones.ts';

/** Clusters are listed within an availability zone only; an installation has at most 32 zones of 32 clusters. */
export function clusters(http: Http, withDetails: boolean): Clusters {
  const firstPage = firstPageFinder();
  const zonePages = numberedList(
    { scheme: 'chimestack:zones', pageSize: { default: 32, max: 100 } },
    firstPage,
  );
  // A page costs a request for each cluster, and with details one for each of its hosts, of which there may be 256.
  const most = withDetails ? 8 : 32;
  const inZone = numberedList(
    { scheme: 'chimestack:clusters:zone', pageSize: { default: most, max: most } },
    firstPage,
  );
  const namesOnly = numberedList(
    { scheme: 'chimestack:clusters:names', pageSize: { default: 100, max: 100 } },
    firstPage,
  );
  const readHosts = hostReader(http, firstPage, withDetails);

  const pageOf =
    (...path: readonly string[]) =>
    (page: number, size: number, call: Call): Promise<ElementsPage> =>
      http.request({ path: ['v1', ...path], query: { page, size }, answer: ElementsPage }, call);
  const zones = presentZones((input, call) => zonePages(pageOf('az'), input, call));

  async function read(key: Key, call: Call): Promise<{ zone: string; cluster: Whole }> {
    const [zone, uuid] = partsOf(key, 2);
    const path = ['v1', 'az', zone, 'cluster', uuid];
    const cluster = await http.request({ path, answer: OneCluster }, call);
    if (!isPresent(cluster)) throw noSuch();
    return { zone, cluster };
  }

  async function allIn(zone: string, call: Call): Promise<Whole[]> {
    const found = new Map<string, Whole>();
    let cursor: string | undefined;
    do {
      const input = cursor === undefined ? {} : { cursor };
      const page = await namesOnly(pageOf('az', zone, 'cluster'), input, call);
      for (const cluster of page.items) if (isPresent(cluster)) found.set(cluster.uuid, cluster);
      cursor = page.next;
    } while (cursor !== undefined);
    return [...found.values()];
  }

  return {
    list: nestedList({
      scheme: 'chimestack:clusters',
      scope: z.string().min(1),
      async outer(input, call) {
        const page = await zones(input, call);
        return { ...page, items: page.items.map((zone) => zone.uuid) };
      },
      async inner(zone, input, call) {
        const page = await inZone(pageOf('az', zone, 'cluster'), input, call);
        const present = page.items.filter(isPresent);
        const hosts = await readHosts(
          present.map((cluster) => ({ zone, cluster: cluster.uuid })),
          call,
        );
        return {
          ...page,
          items: present.map((cluster, at) => clusterRecord(zone, cluster, hosts[at] ?? null)),
        };
      },
    }),
    async get({ key }, call) {
      const { zone, cluster } = await read(key, call);
      const [hosts] = await readHosts([{ zone, cluster: cluster.uuid }], call);
      return clusterRecord(zone, cluster, hosts ?? null);
    },
    ...clusterChanges(http, {
      zoneAt: (location, call) => zoneAt(location, zones, call),
      inZone: allIn,
      read,
    }),
  };
}

function isPresent(whole: Whole): boolean {
  return Cluster.parse(whole).state !== deleted;
}

/** `hosts`: null where the cluster went away while they were read. */
export function clusterRecord(zone: string, whole: Whole, hosts: HostFacts | null): ClusterRecord {
  const cluster = Cluster.parse(whole);
  return {
    key: [zone, cluster.uuid],
    project_key: null,
    name: cluster.name?.trim() ? cluster.name : cluster.uuid,
    labels: {},
    ...statusOf(cluster.state ?? null, hosts),
    kind: cluster.hypervisor_type || null,
    version: null,
    location: cluster.az_name || null,
    node_count: hosts?.count ?? null,
    capacity: hosts?.capacity ?? null,
    // What hosts call used is what is promised to virtual machines, not load.
    usage: null,
    last_seen_at: hosts?.lastSeenAt ?? null,
    created_at: instant(cluster.created_at),
    updated_at: null,
    native: native(whole),
  };
}

const states = new Map<number | null, ClusterStatus>([
  [0, 'unreachable'],
  [1, 'healthy'],
  [2, 'disabled'],
]);

function statusOf(
  state: number | null,
  hosts: HostFacts | null,
): { status: ClusterStatus; native_status: string | null } {
  const told = states.get(state) ?? 'unknown';
  const word = state === null ? null : String(state);
  return told === 'healthy' && hosts?.worst
    ? { status: 'degraded', native_status: `${word}/${hosts.worst}` }
    : { status: told, native_status: word };
}
