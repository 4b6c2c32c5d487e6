import type { FastifyInstance } from 'fastify';
import { isRecord } from '../core/population.ts';
import type { ByUid, PaletteContext } from './context.ts';
import { queryText } from './paging.ts';

/** As documented; each has a path of its own. */
const clouds = [
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
] as const;
/** Custom ones that this tenant knows (assumed). */
const customClouds: readonly string[] = ['nutanix'];

export function clusterWriteRoutes(app: FastifyInstance, context: PaletteContext): void {
  const { writes, bodies, errors, scopeOf } = context;

  const create = (path: string, cloud: (word: string) => string): void => {
    app.post<{ Params: { cloudType?: string } }>(path, async (request, reply) => {
      const cloudType = cloud(request.params.cloudType ?? '');
      const body = bodies.object(request.body);
      const metadata = bodies.metadata(body);
      const spec = bodies.record(body, 'spec');
      if (cloudType === 'virtual') bodies.record(body, 'spec.clusterConfig.hostClusterConfig');
      else bodies.text(body, 'spec.cloudAccountUid');
      if (cloudType === 'aws') bodies.text(body, 'spec.cloudConfig.region');
      const order = { ...metadata, spec, cloudType: cloudType === 'virtual' ? 'nested' : cloudType };
      return writes.made(reply, writes.createCluster(scopeOf(request), { ...order, imported: false }));
    });
  };
  const importing = (path: string, cloudType: string): void => {
    app.post(path, async (request, reply) => {
      const body = bodies.object(request.body);
      const spec = isRecord(body['spec']) ? body['spec'] : {};
      const order = { ...bodies.metadata(body), spec, cloudType, imported: true };
      return writes.made(reply, writes.createCluster(scopeOf(request), order));
    });
  };
  for (const cloud of clouds) create(`/v1/spectroclusters/${cloud}`, () => cloud);
  create('/v1/spectroclusters/cloudTypes/:cloudType', (word) => {
    if (!customClouds.includes(word)) throw errors.notFound('cloud type', word);
    return word;
  });
  for (const cloud of ['generic', ...clouds.filter((word) => word !== 'virtual')]) {
    importing(`/v1/spectroclusters/${cloud}/import`, cloud);
  }

  app.patch<ByUid>('/v1/spectroclusters/:uid/metadata', async (request, reply) => {
    const body = bodies.object(request.body);
    writes.renameCluster(request.params.uid, scopeOf(request), (known) => bodies.metadata(body, known));
    return reply.code(204).send();
  });
  app.delete<ByUid>('/v1/spectroclusters/:uid', async (request, reply) => {
    const force = queryText(request, 'forceDelete') === 'true';
    writes.deleteCluster(request.params.uid, scopeOf(request), force);
    return reply.code(204).send();
  });
}
