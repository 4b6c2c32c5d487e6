import { createHttp, limitsOf } from '@fleetgate/provider-kit';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { changes } from './changes.ts';
import { clusters } from './clusters.ts';
import { deployments, listObjects } from './deployments.ts';
import { readComplaint } from './errors.ts';
import { sessionOf } from './session.ts';
import { KubestellarToolkitSettings } from './settings.ts';
import { writes } from './writes.ts';

export const kubestellarToolkit: ProviderDefinition<typeof KubestellarToolkitSettings> = {
  id: 'kubestellar-toolkit',
  title: 'KubeStellar Integration Toolkit',
  settings: KubestellarToolkitSettings,
  example: { baseUrl: 'https://toolkit.example.com/api/v1alpha1', token: 'a bearer token' },
  // The upstream answers 429 and names no numbers; every call reads its whole list, so few are enough.
  limits: (settings) => limitsOf(settings, { concurrency: 2, perSecond: 5, burst: 10 }),
  writes,
  connect(settings, host) {
    const { baseUrl, timeoutMs } = settings;
    const http = createHttp({ host, baseUrl, timeoutMs, session: sessionOf(settings), readComplaint });
    return {
      account: {
        async identify(_input, call) {
          await listObjects(http, call);
          return { name: null };
        },
      },
      deployments: { ...deployments(http), ...changes(http) },
      clusters: clusters(http),
      native: http.native,
    };
  },
};
