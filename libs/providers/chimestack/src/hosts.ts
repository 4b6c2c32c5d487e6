import { Fault, isFault } from '@fleetgate/model';
import { type Http, inParallel, instant } from '@fleetgate/provider-kit';
import type { Call } from '@fleetgate/provider-spec';
import { type FirstPage, numberedList } from './paging.ts';
import { ElementsPage, Host, OneHost, type Whole } from './wire.ts';

/** What a cluster is told by its hosts. */
export interface HostFacts {
  count: number;
  /** the wire words of the first host that is not up, `host state 5` or `host monitor_state 0`; null where all are up */
  worst: string | null;
  /** the latest heartbeat of any */
  lastSeenAt: string | null;
  /** null where it was not asked for; a sum in which a host would be missing is null too */
  capacity: { cpu_cores: number | null; memory_bytes: number | null } | null;
}

interface Place {
  zone: string;
  cluster: string;
}

/** Documented are 256 for each cluster; a listing that goes far beyond has no end. */
const mostHosts = 4096;
const deleted = 4;

/**
 * Reads the hosts of several clusters, at most eight requests at once over all of them. A cluster that is gone has null.
 * `withDetails`: each host by itself too, because a list shows every capacity as 0.
 */
export function hostReader(
  http: Http,
  firstPage: FirstPage,
  withDetails: boolean,
): (places: readonly Place[], call: Call) => Promise<(HostFacts | null)[]> {
  const pages = numberedList({ scheme: 'chimestack:hosts', pageSize: { default: 100, max: 100 } }, firstPage);

  async function hostsOf({ zone, cluster }: Place, call: Call): Promise<Whole[] | null> {
    const path = ['v1', 'az', zone, 'cluster', cluster, 'host'];
    const fetch = (page: number, size: number) =>
      http.request({ path, query: { page, size }, answer: ElementsPage }, call);
    const hosts = new Map<string, Whole>();
    try {
      let cursor: string | undefined;
      do {
        const page = await pages(fetch, cursor === undefined ? {} : { cursor }, call);
        for (const host of page.items) hosts.set(host.uuid, host);
        cursor = page.next;
      } while (cursor !== undefined && hosts.size <= mostHosts);
    } catch (error) {
      if (isFault(error, 'not_found')) return null; // the cluster was removed since it was listed
      throw error;
    }
    if (hosts.size > mostHosts) throw new Fault('unexpected', 'the upstream lists hosts without end');
    return [...hosts.values()].filter((host) => Host.parse(host).state !== deleted);
  }

  async function detailOf({ zone, cluster }: Place, host: string, call: Call): Promise<Whole | null> {
    try {
      const path = ['v1', 'az', zone, 'cluster', cluster, 'host', host];
      return await http.request({ path, answer: OneHost }, call);
    } catch (error) {
      if (isFault(error, 'not_found')) return null; // the host was removed since it was listed
      throw error;
    }
  }

  return async (places, call) => {
    const listed = await inParallel(places, (place) => hostsOf(place, call));
    if (!withDetails) return listed.map((hosts) => hosts && factsOf(hosts, null));
    const asked = places.flatMap((place, at) => (listed[at] ?? []).map(({ uuid }) => ({ at, place, uuid })));
    const details = await inParallel(asked, ({ place, uuid }) => detailOf(place, uuid, call));
    const byCluster = Map.groupBy(details.entries(), ([index]) => asked[index]?.at);
    return listed.map(
      (hosts, at) =>
        hosts &&
        factsOf(
          hosts,
          (byCluster.get(at) ?? []).flatMap(([, detail]) => detail ?? []),
        ),
    );
  };
}

export function factsOf(listed: readonly Whole[], details: readonly Whole[] | null): HostFacts {
  const hosts = listed.map((host) => Host.parse(host));
  const beats = hosts.map((host) => instant(host.heartbeat_at)).filter((beat) => beat !== null);
  const inFull = details?.map((host) => Host.parse(host));
  return {
    count: hosts.length,
    worst: hosts.map(downWord).find((word) => word !== null) ?? null,
    lastSeenAt: beats.toSorted().at(-1) ?? null,
    capacity: inFull
      ? {
          cpu_cores: sumOf(inFull.map((host) => host.physical_vcpus)),
          memory_bytes: sumOf(inFull.map((host) => host.physical_memory)),
        }
      : null,
  };
}

/** A host without a monitor state is taken at its state. */
function downWord(host: {
  state?: number | null | undefined;
  monitor_state?: number | null | undefined;
}): string | null {
  if (host.state !== 1) return `host state ${host.state ?? 'unknown'}`;
  const monitor = host.monitor_state ?? 1;
  return monitor === 1 ? null : `host monitor_state ${monitor}`;
}

/** null where a part is not known; no host has none, so 0 is a number that was never filled in. */
function sumOf(parts: readonly (number | null | undefined)[]): number | null {
  let sum = 0;
  for (const part of parts) {
    if (!part || part < 0) return null;
    sum += part;
  }
  return sum;
}
