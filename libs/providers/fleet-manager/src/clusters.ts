import { type ClusterRecord, Fault } from '@fleetgate/model';
import { type Http, instant, labelsOfTags, native, partsOf, step } from '@fleetgate/provider-kit';
import type { Call, Clusters } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { clusterStatus } from './statuses.ts';
import { mergedTags } from './tags.ts';
import { anything, WireCluster } from './wire.ts';

export function clusters(http: Http): Clusters {
  async function read(id: string, call: Call): Promise<[WireCluster, ClusterRecord]> {
    const wire = await http.request({ path: ['clusters', id], answer: WireCluster }, call);
    const record = clusterOf(wire);
    if (!record) throw new Fault('not_found', 'the upstream only keeps it as deleted');
    return [wire, record];
  }

  return {
    list: listed(http, ['clusters'], WireCluster, clusterOf),
    get: async ({ key }, call) => (await read(...partsOf(key, 1), call))[1],
    async patch({ key, value: { labels } }, call) {
      const [wire] = await read(...partsOf(key, 1), call);
      if (labels !== undefined) {
        const path = ['clusters', wire.id, 'tags'];
        const body = { tags: mergedTags(wire.tags, labels) };
        await step(call, 'tags', {
          async make(during) {
            await http.request({ method: 'POST', path, body, answer: anything }, during);
            return true;
          },
          idempotent: true,
          assumed: true,
        });
      }
      return { key: [wire.id] };
    },
  };
}

/** undefined for a cluster that is marked as deleted. */
export function clusterOf(wire: WireCluster): ClusterRecord | undefined {
  if (instant(wire.deletedAt) !== null) return undefined;
  const words = [wire.onlineStatus, wire.healthState].filter((word) => word !== null && word !== undefined);
  return {
    key: [wire.id],
    name: wire.name,
    labels: labelsOfTags(wire.tags),
    native_status: words.length > 0 ? words.join('/') : null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: clusterStatus(wire.onlineStatus, wire.healthState),
    kind: 'hypercore',
    version: wire.version ?? null,
    location: null,
    node_count: wholeNumber(wire.nodeCount),
    capacity: null,
    usage: usageOf(wire),
    last_seen_at: instant(wire.lastCheckin),
    project_key: null,
    native: native(wire),
  };
}

function usageOf({ cpuPercent, memoryPercent, storagePercent }: WireCluster): ClusterRecord['usage'] {
  const usage = {
    cpu_percent: cpuPercent ?? null,
    memory_percent: memoryPercent ?? null,
    storage_percent: storagePercent ?? null,
  };
  return Object.values(usage).some((percent) => percent !== null) ? usage : null;
}

function wholeNumber(value: number | null | undefined): number | null {
  return Number.isInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
