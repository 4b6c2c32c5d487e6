import { createHttp, limitsOf } from '@fleetgate/provider-kit';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { deployments } from './deployments.ts';
import { readComplaint } from './errors.ts';
import { hooks } from './hooks.ts';
import { projects } from './projects.ts';
import { releases } from './releases.ts';
import { sessionOf } from './session.ts';
import { AppPlatformSettings } from './settings.ts';
import { pageOf, WireProject } from './wire.ts';
import { writes } from './writes.ts';

export const appPlatform: ProviderDefinition<typeof AppPlatformSettings> = {
  id: 'app-platform',
  title: 'App platform',
  settings: AppPlatformSettings,
  example: { baseUrl: 'https://api.your-app.com/v1', apiKey: 'the key of an account' },
  // Its plans count by the hour (100, 1000 or more) and answer 429 with Retry-After; only bursts are held back here.
  // What is asked twice would count twice.
  limits: (settings) => limitsOf(settings, { concurrency: 4, perSecond: 20, burst: 40, hedging: false }),
  writes,
  connect(settings, host) {
    const { baseUrl, timeoutMs, webhookSecret } = settings;
    const http = createHttp({ host, baseUrl, timeoutMs, session: sessionOf(settings), readComplaint });
    return {
      account: {
        async identify(_input, call) {
          await http.request({ path: ['projects'], query: { limit: 1 }, answer: pageOf(WireProject) }, call);
          return { name: null };
        },
      },
      projects: projects(http),
      deployments: deployments(http),
      releases: releases(http),
      native: http.native,
      ...(webhookSecret === undefined ? {} : { hooks: hooks(webhookSecret) }),
    };
  },
};
