import type { Observer } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';
import { partsOf } from '../tracing/trace-context.ts';

/** Every upstream request is a line at debug; one that failed is a warning. That something is not there is an answer. */
export function upstreamLog(logger: Logger): Observer {
  return {
    request(event) {
      const wentWell = event.fault === undefined && (event.status === undefined || event.status < 400);
      if (wentWell && !logger.isLevelEnabled('debug')) return; // nobody reads it
      const { connection, operation, requestId, attempt, method, url, status, fault, message } = event;
      const { again, outrun, breaker, bytes, upstreamRequestId } = event;
      const facts = {
        requestId,
        traceId: partsOf(event.traceparent).traceId,
        connection,
        operation,
        method,
        url,
        attempt,
        again,
        outrun,
        breaker,
        status,
        bytes,
        upstreamRequestId,
        waitedMs: rounded(event.waitedMs),
        ms: rounded(event.ms),
      };
      if (fault !== undefined) logger.warn({ ...facts, fault, reason: message }, 'upstream request failed');
      else if (status !== undefined && status >= 400 && status !== 404)
        logger.warn(facts, 'upstream request refused');
      else logger.debug(facts, 'upstream request');
    },
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
