import type { FastifyRequest } from 'fastify';
import type { Emulator, EmulatorInstance, World } from '../core/emulator.ts';
import { readDesired } from './bodies.ts';
import { toolkitError, toolkitFailure } from './errors.ts';
import { ToolkitState } from './state.ts';
import type { ClusterDeploymentStatus } from './wire.ts';

const credentials = { token: 'toolkit-sandbox-token' } as const;
const path = '/clusterdeploymentstatuses';

export const kubestellarToolkit = {
  name: 'kubestellar-toolkit',
  basePath: '/api/v1alpha1',
  credentials,
  create: (world: World): EmulatorInstance => {
    const state = new ToolkitState(world);
    return {
      routes: (app) => {
        app.addHook('onRequest', async (request) => {
          if (request.headers.authorization !== `Bearer ${credentials.token}`) throw toolkitFailure(401);
        });
        app.get(path, async () => ({ items: state.list() }));
        app.get(`${path}/:name`, async () => {
          throw toolkitFailure(405);
        });
        app.post(path, async (request, reply) => {
          const desired = readDesired(request.body);
          if (state.get(desired.name)) throw toolkitFailure(409, `"${desired.name}" already exists`);
          return reply.code(201).send(state.write(desired));
        });
        app.put(`${path}/:name`, async (request) => {
          const present = found(state, request);
          const desired = readDesired(request.body);
          if (desired.name !== present.name) throw toolkitFailure(400, 'name: is not the one of the path');
          const { resourceVersion } = desired;
          if (resourceVersion !== undefined && resourceVersion !== present.resourceVersion) {
            throw toolkitFailure(409, 'the object has been modified: read it again');
          }
          return state.write(desired);
        });
        app.delete(`${path}/:name`, async (request, reply) => {
          state.remove('deployment', found(state, request).name);
          return reply.code(204).send();
        });
      },
      error: (status) => toolkitError(status),
      refuse: () => toolkitError(401),
      expireSessions: () => undefined,
      add: (kind, count) => state.add(kind, count),
      remove: (kind, key) => state.remove(kind, key),
      touch: (kind, key, change) => state.touch(kind, key, change),
      size: (kind) => state.size(kind),
    };
  },
} as const satisfies Emulator;

function found(state: ToolkitState, request: FastifyRequest): ClusterDeploymentStatus {
  const object = state.get((request.params as { name: string }).name);
  if (!object) throw toolkitFailure(404);
  return object;
}
