import { Fault, isFault } from '@fleetgate/model';
import { type Http, journalOf, remember, step } from '@fleetgate/provider-kit';
import type { Call, Clusters, CreateClusterInput } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { clusterPages, isPresent, overview } from './cluster-reads.ts';
import { noSuch } from './errors.ts';
import { assumedUid, Made, madeAmong } from './made.ts';
import { changedMetadata, newMetadata } from './metadata.ts';
import { walked } from './paging.ts';
import { isOwn, projectScope, scopedKey, scopeHeaders, tenant } from './scopes.ts';
import type { ClusterSpec } from './specs.ts';
import { Cluster, metadata, type Whole } from './wire.ts';

type Writes = Required<Pick<Clusters, 'create' | 'patch' | 'remove'>>;

export function clusterWrites(http: Http): Writes {
  async function present(scope: string, uid: string, call: Call): Promise<Whole> {
    const whole = await overview(http, scope, uid, call);
    if (!isPresent(scope, whole)) throw noSuch();
    return whole;
  }

  return {
    async create({ projectKey, value }, call) {
      const { stamp } = journalOf(call);
      const scope = projectKey ? projectScope(projectKey) : tenant;
      const { path, spec } = bodyOf(value);
      const uid = await step(call, 'cluster', {
        async make(during) {
          const body = { metadata: newMetadata(value, stamp), spec };
          const headers = scopeHeaders(scope);
          const request = { method: 'POST', path, body, headers, answer: Made } as const;
          return (await http.request(request, during)).uid;
        },
        async find(during, begunAt) {
          const pages = clusterPages(http, {
            scheme: 'palette:cluster:scope',
            pageSize: 50,
            filter: {
              property: 'clusterName',
              type: 'string',
              condition: {
                string: {
                  operator: 'eq',
                  negation: false,
                  match: { conjunction: 'or', values: [value.name] },
                },
              },
            },
          });
          const namesakes = await walked((input, within) => pages(scope, input, within), during);
          const own = namesakes.filter((item) => isOwnCluster(scope, item));
          return madeAmong(own, { stamp, begunAt });
        },
        assumed: assumedUid,
      });
      return { key: [scope, uid] };
    },

    async patch({ key, value }, call) {
      const { scope, uid } = scopedKey(key);
      await step(call, 'metadata', {
        async make(during) {
          const known = metadata.parse((await present(scope, uid, during)).metadata);
          await http.request(
            {
              method: 'PATCH',
              path: ['v1', 'spectroclusters', uid, 'metadata'],
              body: { metadata: changedMetadata(known, value) },
              headers: scopeHeaders(scope),
              answer: z.unknown(),
            },
            during,
          );
          return uid;
        },
        idempotent: true,
        assumed: uid,
      });
      return { key };
    },

    async remove({ key, force = false }, call) {
      const { scope, uid } = scopedKey(key);
      const isDeleting = async (during: Call) => stateOf(await present(scope, uid, during)) === 'Deleting';
      // Palette forces only what has been Deleting for a while: the first removal of a cluster is never by force.
      const byForce = force && (await remember(call, 'state before', isDeleting));
      await step(call, 'removal', {
        async make(during) {
          await present(scope, uid, during);
          await http.request(
            {
              method: 'DELETE',
              path: ['v1', 'spectroclusters', uid],
              query: byForce ? { forceDelete: true } : {},
              headers: scopeHeaders(scope),
              answer: z.unknown(),
            },
            during,
          );
          return true;
        },
        async find(during) {
          try {
            return !byForce && (await isDeleting(during)) ? true : undefined;
          } catch (error) {
            if (isFault(error, 'not_found')) return true;
            throw error;
          }
        },
        idempotent: true,
        assumed: true,
      });
    },
  };
}

/** Clouds whose paths are documented beside those of custom ones. */
const clouds: readonly string[] = [
  'aws',
  'azure',
  'gcp',
  'eks',
  'aks',
  'gke',
  'vsphere',
  'maas',
  'edge-native',
  'apache-cloudstack',
  'virtual',
];
const cloudWord = /^[a-z][a-z0-9-]{0,63}$/;

/** Each cloud has a path and a body of its own; the body goes through as it is. */
function bodyOf({ kind, spec: given }: CreateClusterInput['value']): { path: string[]; spec: object } {
  const { import: imported, ...spec } = given as ClusterSpec;
  if (kind === undefined && !imported) {
    const message = `is needed: ${clouds.join(', ')}, or the name of a custom cloud`;
    throw new Fault('invalid', message, { field: 'kind' });
  }
  // A virtual cluster says that its cloud is `nested`.
  const cloud = kind === 'nested' ? 'virtual' : (kind ?? 'generic');
  if (!cloudWord.test(cloud)) {
    throw new Fault('invalid', 'must be a word of lower-case letters and digits', { field: 'kind' });
  }
  if (imported)
    return { path: ['v1', 'spectroclusters', cloud, 'import'], spec: { clusterConfig: imported } };
  const words = clouds.includes(cloud) ? [cloud] : ['cloudTypes', cloud];
  return { path: ['v1', 'spectroclusters', ...words], spec };
}

function stateOf(whole: Whole): string | undefined {
  return Cluster.parse(whole).status?.state ?? undefined;
}

/** Whether a cluster belongs to that scope, deleted or not. */
function isOwnCluster(scope: string, whole: Whole): boolean {
  const { metadata: told, specSummary, spec } = Cluster.parse(whole);
  const projectUid = (specSummary?.projectMeta ?? spec?.projectMeta)?.uid;
  return isOwn(scope, { annotations: told.annotations, projectUid });
}
