import { type ClusterGroupRecord, isFault, type Key } from '@fleetgate/model';
import { type Http, inParallel, instant, native, offsetList } from '@fleetgate/provider-kit';
import type { Call, Facet } from '@fleetgate/provider-spec';
import { clusterKey } from './cluster-reads.ts';
import { noSuch } from './errors.ts';
import { describedBy, nameOf } from './metadata.ts';
import { isOwn, scopedKey, scopedList, scopeHeaders } from './scopes.ts';
import { ClusterGroup, ClusterGroupsMetadata, Whole } from './wire.ts';

/** Groups of the tenant and of its projects; those that Palette itself provides (scope `system`) belong to no account. */
export function clusterGroups(http: Http): Facet<ClusterGroupRecord> {
  async function uidsIn(scope: string, call: Call): Promise<string[]> {
    const headers = scopeHeaders(scope);
    const path = ['v1', 'clustergroups', 'hostCluster', 'metadata'];
    const items = await http.request({ path, headers, answer: ClusterGroupsMetadata }, call);
    const own = items.filter((item) => item.scope !== 'system' && isOwn(scope, { annotations: item }));
    return own.map((item) => item.uid);
  }

  async function read(scope: string, uid: string, call: Call): Promise<Whole> {
    const headers = scopeHeaders(scope);
    const whole = await http.request({ path: ['v1', 'clustergroups', uid], headers, answer: Whole }, call);
    if (!isOwn(scope, ClusterGroup.parse(whole).metadata)) throw noSuch();
    return whole;
  }

  async function readIfThere(scope: string, uid: string, call: Call): Promise<readonly Whole[]> {
    try {
      return [await read(scope, uid, call)];
    } catch (error) {
      if (isFault(error, 'not_found')) return []; // removed since the listing, or not of this scope
      throw error;
    }
  }

  /** A group names its clusters by uid only, and one of the tenant may hold clusters of any project. */
  async function recordsOf(scope: string, groups: readonly Whole[], call: Call) {
    const uids = [...new Set(groups.flatMap(memberUids))];
    const keys = await inParallel(uids, (uid) => clusterKey(http, scope, uid, call));
    const keyOf = new Map(uids.map((uid, at) => [uid, keys[at]]));
    return groups.map((group) => clusterGroupRecord(scope, group, (uid) => keyOf.get(uid)));
  }

  return {
    list: scopedList(http, {
      scheme: 'palette:cluster-groups',
      withTenant: true,
      async inner(scope, input, call) {
        // The listing comes whole and small; what costs is reading each group, and that goes by the page.
        const pages = offsetList({
          scheme: 'palette:cluster-groups:scope',
          pageSize: { default: 10, max: 25 },
          fetch: async ({ offset, limit }) => {
            const uids = await uidsIn(scope, call);
            return { items: uids.slice(offset, offset + limit), total: uids.length };
          },
        });
        const page = await pages(input, call);
        const groups = await inParallel(page.items, (uid) => readIfThere(scope, uid, call));
        return { ...page, items: await recordsOf(scope, groups.flat(), call) };
      },
    }),
    async get({ key }, call) {
      const { scope, uid } = scopedKey(key);
      const [record] = await recordsOf(scope, [await read(scope, uid, call)], call);
      if (!record) throw noSuch();
      return record;
    },
  };
}

function memberUids(whole: Whole): string[] {
  return ClusterGroup.parse(whole).spec?.clusterRefs?.map((member) => member.clusterUid) ?? [];
}

/** `keyOf`: undefined for a cluster that is gone. */
export function clusterGroupRecord(
  scope: string,
  whole: Whole,
  keyOf: (clusterUid: string) => Key | undefined,
): ClusterGroupRecord {
  const { metadata, spec } = ClusterGroup.parse(whole);
  return {
    key: [scope, metadata.uid],
    name: nameOf(metadata),
    ...describedBy(metadata),
    native_status: null,
    cluster_keys:
      spec?.clusterRefs?.flatMap(({ clusterUid }) => {
        const key = keyOf(clusterUid);
        return key ? [key] : [];
      }) ?? null,
    created_at: instant(metadata.creationTimestamp),
    updated_at: instant(metadata.lastModifiedTimestamp),
    native: native(whole),
  };
}
