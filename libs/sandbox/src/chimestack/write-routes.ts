import type { FastifyInstance } from 'fastify';
import type { World } from '../core/emulator.ts';
import { isRecord } from '../core/population.ts';
import type { ChimeErrors } from './errors.ts';
import type { ChimeCluster, ChimeState, ClusterBody, Zone } from './state.ts';

interface InZone {
  Params: { az: string };
}
interface InCluster {
  Params: { az: string; cluster: string };
}

/** Documented: "32 clusters in an AZ". */
const clustersPerZone = 32;

/** What changes clusters. Whatever was done is told in a shape of its own: the object, "ok" under its kind, or the integer 1. */
export function clusterWrites(
  app: FastifyInstance,
  state: ChimeState,
  errors: ChimeErrors,
  world: World,
): void {
  const answer = (result: unknown): unknown => ({ requestId: world.newId(), result });
  const done = () => answer({ cluster: 'ok' });
  const zoneOf = (uuid: string): Zone => {
    const found = state.zone(uuid);
    if (found === undefined) throw errors.fail(404, `az ${uuid} is not found`);
    return found;
  };
  const clusterOf = ({ az, cluster }: InCluster['Params']): ChimeCluster => {
    const found = state.cluster(zoneOf(az), cluster);
    if (found === undefined || found.state === 4) throw errors.fail(404, `cluster ${cluster} is not found`);
    return found;
  };

  app.post<InZone>('/v1/az/:az/cluster', async ({ params, body }) => {
    const zone = zoneOf(params.az);
    const given = clusterBody(body, errors);
    if (state.clustersOf(zone).length >= clustersPerZone) {
      throw errors.fail(400, `az ${zone.name} has ${clustersPerZone} clusters already`);
    }
    const made = state.create(zone, {
      description: '',
      hypervisor_type: 'kvm',
      arch: 'x86_64',
      type: 0,
      ...given,
    });
    const { tags: _, ...shown } = made;
    return answer({ cluster: { ...shown, az_name: '' } });
  });
  app.patch<InCluster>('/v1/az/:az/cluster/:cluster', async ({ params, body }) => {
    const { uuid } = clusterOf(params);
    state.touch('cluster', uuid, { ...clusterBody(body, errors) });
    return done();
  });
  app.delete<InCluster>('/v1/az/:az/cluster/:cluster', async ({ params }) => {
    state.remove('cluster', clusterOf(params).uuid);
    return answer(1);
  });
  for (const [action, becomes] of [
    ['enable', 1],
    ['disable', 2],
  ] as const) {
    app.put<InCluster>(`/v1/az/:az/cluster/:cluster/${action}`, async ({ params }) => {
      state.touch('cluster', clusterOf(params).uuid, { state: becomes });
      return done();
    });
  }
}

/** `name` is a must, in a change too. */
function clusterBody(body: unknown, errors: ChimeErrors): Pick<ClusterBody, 'name'> & Partial<ClusterBody> {
  const { name, type, ...others } = isRecord(body) ? body : ({} as Record<string, unknown>);
  if (typeof name !== 'string' || name === '') throw errors.fail(400, 'name is required');
  if (type !== undefined && type !== 0 && type !== 1 && type !== 2) {
    throw errors.fail(400, 'type must be 0, 1 or 2');
  }
  const texts: Partial<ClusterBody> = {};
  for (const field of ['description', 'hypervisor_type', 'arch'] as const) {
    const value = others[field];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw errors.fail(400, `${field} must be a string`);
    texts[field] = value;
  }
  return { name, ...texts, ...(type === undefined ? {} : { type }) };
}
