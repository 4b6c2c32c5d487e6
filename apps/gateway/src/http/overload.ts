import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../answers/api-error.ts';

/** How often the event loop's delay is looked at, and how finely it is measured; milliseconds. */
const sampleInterval = 250;
const resolution = 10;

/**
 * Watches how late the event loop is. True: its mean was beyond the limit in the last two times that it was looked at; one long
 * pause, as a start or a collection of garbage makes, is no overload. (@fastify/under-pressure calls a time without any
 * measurement endless delay, and so refuses the first requests after each such pause.)
 */
export function watchOverload(server: FastifyInstance, maxDelayMs: number): () => boolean {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  let late = { before: false, now: false };
  let lookedAt = performance.now();
  const look = () => {
    const at = performance.now();
    // Where nothing was measured the loop did not turn, and this look is late by as much.
    const mean = delay.count > 0 ? delay.mean / 1e6 - resolution : at - lookedAt - sampleInterval;
    late = { before: late.now, now: mean > maxDelayMs };
    lookedAt = at;
    delay.reset();
  };
  const timer = setInterval(look, sampleInterval).unref();
  server.addHook('onClose', async () => {
    clearInterval(timer);
    delay.disable();
  });
  return () => late.before && late.now;
}

/** 503: it would wait longer than it is worth, and make all others wait. */
export function overloaded(): ApiError {
  return new ApiError('incomplete', 'the gateway is overloaded: try again in a moment', {
    retryAfterSeconds: 1,
  });
}
