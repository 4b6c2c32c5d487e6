import { createHttp } from '@fleetgate/provider-kit';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { clusters } from './clusters.ts';
import { readComplaint, withEnvelopeErrors } from './errors.ts';
import { openSession } from './session.ts';
import { limits, settings } from './settings.ts';
import { ElementsPage } from './wire.ts';
import { writes } from './writes.ts';

export const chimestack: ProviderDefinition<typeof settings> = {
  id: 'chimestack',
  title: 'ChimeStack',
  settings,
  example: {
    baseUrl: 'http://chime.example.org:8801',
    userName: 'fleetgate',
    password: 'password of that user',
  },
  limits,
  writes,
  connect(given, host) {
    const { baseUrl, timeoutMs } = given;
    const telling = { ...host, send: withEnvelopeErrors(host.send) };
    const session = openSession(given, telling);
    const http = createHttp({ host: telling, baseUrl, timeoutMs, session, readComplaint });
    return {
      account: {
        async identify(_input, call) {
          const query = { page: 1, size: 1 };
          await http.request({ path: ['v1', 'az'], query, answer: ElementsPage }, call);
          return { name: null };
        },
      },
      clusters: clusters(http, given.hostDetails),
      native: http.native,
    };
  },
};
