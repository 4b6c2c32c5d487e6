import type { Observer } from '@fleetgate/provider-runtime';
import type { Metrics } from './metrics.ts';

/** What the runtime tells of its calls, as metrics. */
export function upstreamMetrics(metrics: Metrics): Observer {
  return {
    operation({ connection, operation, ms, fault, coalesced }) {
      const shared = coalesced ? 'yes' : 'no';
      metrics.operations.inc({ connection, operation, outcome: fault ?? 'ok', shared });
      metrics.operationDuration.observe({ connection, operation }, ms / 1000);
    },
    request({ connection, operation = 'session', again, outrun, ms, waitedMs, fault, status }) {
      const outcome = outrun ? 'outrun' : (fault ?? String(status));
      metrics.attempts.inc({ connection, operation, outcome, again: again ?? 'no' });
      metrics.attemptDuration.observe({ connection }, ms / 1000);
      metrics.limiterWait.observe({ connection }, waitedMs / 1000);
    },
  };
}
