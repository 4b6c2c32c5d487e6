import type { ClusterRecord, ClusterStatus } from '@fleetgate/model';
import { type Http, instant, native, nestedList } from '@fleetgate/provider-kit';
import type { Call, Facet } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { noSuch } from './errors.ts';
import { type HostFacts, hostReader } from './hosts.ts';
import { firstPageFinder, numberedList } from './paging.ts';
import { Cluster, ElementsPage, OneCluster, type Whole, Zone } from './wire.ts';

/** Clusters are listed within an availability zone only; an installation has at most 32 zones of 32 clusters. */
export function clusters(http: Http, withDetails: boolean): Facet<ClusterRecord> {
  const firstPage = firstPageFinder();
  const zones = numberedList({ scheme: 'chimestack:zones', pageSize: { default: 32, max: 100 } }, firstPage);
  // A page costs a request for each cluster, and with details one for each of its hosts, of which there may be 256.
  const most = withDetails ? 8 : 32;
  const inZone = numberedList(
    { scheme: 'chimestack:clusters:zone', pageSize: { default: most, max: most } },
    firstPage,
  );
  const readHosts = hostReader(http, firstPage, withDetails);

  const pageOf =
    (...path: readonly string[]) =>
    (page: number, size: number, call: Call): Promise<ElementsPage> =>
      http.request({ path: ['v1', ...path], query: { page, size }, answer: ElementsPage }, call);

  return {
    list: nestedList({
      scheme: 'chimestack:clusters',
      scope: z.string().min(1),
      async outer(input, call) {
        const page = await zones(pageOf('az'), input, call);
        const present = page.items.filter((zone) => Zone.parse(zone).state !== deleted);
        return { ...page, items: present.map((zone) => zone.uuid) };
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
      const [zone, uuid, ...more] = key;
      if (zone === undefined || uuid === undefined || more.length > 0) throw noSuch();
      const cluster = await http.request(
        { path: ['v1', 'az', zone, 'cluster', uuid], answer: OneCluster },
        call,
      );
      if (!isPresent(cluster)) throw noSuch();
      const [hosts] = await readHosts([{ zone, cluster: uuid }], call);
      return clusterRecord(zone, cluster, hosts ?? null);
    },
  };
}

/** `state` of whatever is deleted but still shown */
const deleted = 4;

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
