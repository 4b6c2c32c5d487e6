import { createHttp } from '@fleetgate/provider-kit';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { clusterGroups } from './cluster-groups.ts';
import { clusters } from './clusters.ts';
import { deployments } from './deployments.ts';
import { readComplaint } from './errors.ts';
import { projectPages } from './project-pages.ts';
import { projects } from './projects.ts';
import { openSession } from './session.ts';
import { limits, settings } from './settings.ts';
import { writes } from './specs.ts';

export const palette: ProviderDefinition<typeof settings> = {
  id: 'palette',
  title: 'Spectro Cloud Palette',
  settings,
  example: { baseUrl: 'https://api.spectrocloud.com', apiKey: 'key of a user or a service account' },
  limits,
  writes,
  connect(given, host) {
    const { baseUrl, timeoutMs } = given;
    const http = createHttp({ host, baseUrl, timeoutMs, session: openSession(given, host), readComplaint });
    const firstProject = projectPages(http, 'palette:identify');
    return {
      account: {
        async identify(_input, call) {
          await firstProject({ limit: 1 }, call);
          return { name: null };
        },
      },
      projects: projects(http),
      deployments: deployments(http),
      clusters: clusters(http, given.clusterDetails),
      clusterGroups: clusterGroups(http),
      native: http.native,
    };
  },
};
