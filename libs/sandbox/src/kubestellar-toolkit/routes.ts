import type { Emulator, EmulatorInstance, World } from '../core/emulator.ts';
import { toolkitError, toolkitFailure } from './errors.ts';
import { ToolkitState } from './state.ts';

const credentials = { token: 'toolkit-sandbox-token' } as const;
const path = '/clusterdeploymentstatuses';

export const kubestellarToolkit: Emulator = {
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
        app.get(path, async () => ({ items: state.deployments.slice(0, state.deployments.size) }));
        app.get(`${path}/:name`, async () => {
          throw toolkitFailure(405);
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
};
