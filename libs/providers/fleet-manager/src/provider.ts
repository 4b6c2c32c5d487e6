import { createHttp, limitsOf } from '@fleetgate/provider-kit';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { applicationsOf } from './applications.ts';
import { bindingsOf } from './bindings.ts';
import { clusterGroups } from './cluster-groups.ts';
import { clusters } from './clusters.ts';
import { deployments } from './deployments.ts';
import { readComplaint, tellingFiveHundreds } from './errors.ts';
import { projects } from './projects.ts';
import { releases } from './releases.ts';
import { releaseStarter } from './rollouts.ts';
import { sessionOf } from './session.ts';
import { FleetManagerSettings } from './settings.ts';
import { pageOf, WireCluster } from './wire.ts';
import { writes } from './writes.ts';

export const fleetManager: ProviderDefinition<typeof FleetManagerSettings> = {
  id: 'fleet-manager',
  title: 'Scale Computing Fleet Manager',
  settings: FleetManagerSettings,
  example: { baseUrl: 'https://api.scalecomputing.com/api/v2', apiKey: 'the key of an account' },
  // The upstream has limits and publishes none: a guess on the safe side.
  limits: (settings) => limitsOf(settings, { concurrency: 8, perSecond: 20, burst: 40 }),
  writes,
  connect(settings, host) {
    const { baseUrl, timeoutMs } = settings;
    const http = tellingFiveHundreds(
      createHttp({ host, baseUrl, timeoutMs, session: sessionOf(settings), readComplaint }),
    );
    const applications = applicationsOf(http);
    const bindings = bindingsOf(http, applications, settings.bodies);
    const startRelease = releaseStarter(http, applications, host.clock);
    return {
      account: {
        async identify(_input, call) {
          await http.request({ path: ['clusters'], query: { limit: 1 }, answer: pageOf(WireCluster) }, call);
          return { name: null };
        },
      },
      projects: projects(http, applications, bindings, settings.bodies),
      deployments: deployments(http, applications, bindings, startRelease),
      releases: releases(http, settings),
      clusters: clusters(http),
      clusterGroups: clusterGroups(http),
      native: http.native,
    };
  },
};
