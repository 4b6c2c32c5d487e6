import type { Observer } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';

/** Every upstream request is a line at debug; one that failed is a warning. That something is not there is an answer. */
export function upstreamLog(logger: Logger): Observer {
  return {
    request(event) {
      const { connection, operation, requestId, attempt, method, url, status, fault, message } = event;
      const facts = {
        requestId,
        connection,
        operation,
        method,
        url,
        attempt,
        status,
        ms: Math.round(event.ms * 10) / 10,
      };
      if (fault !== undefined) logger.warn({ ...facts, fault, reason: message }, 'upstream request failed');
      else if (status !== undefined && status >= 400 && status !== 404)
        logger.warn(facts, 'upstream request refused');
      else logger.debug(facts, 'upstream request');
    },
  };
}
