// The gateway as it is shipped, but in the dark: no story of a request, and no metric of it. Log and traces are settings.
import { registerHooks } from 'node:module';
import { RequestHooks } from '../../apps/gateway/dist/requests/request-hooks.js';

registerHooks({
  load(url, context, next) {
    if (!url.endsWith('/dist/metrics/http-metrics.js')) return next(url, context);
    return { format: 'module', source: 'export function installHttpMetrics() {}', shortCircuit: true };
  },
});
RequestHooks.prototype.install = (server) => server.decorateRequest('story', null);

await import('../../apps/gateway/dist/main.js');
