import { limitsOf, secret, upstreamSettings } from '@fleetgate/provider-kit';
import type { Limits } from '@fleetgate/provider-spec';
import { z } from 'zod';

export const settings = z.strictObject({
  ...upstreamSettings,
  /** the origin, with the port of the API: http://chime.example.org:8801 */
  baseUrl: upstreamSettings.baseUrl.refine((text) => URL.parse(text)?.pathname === '/', {
    error: 'must be an origin, without a path: the paths begin with /v1',
  }),
  userName: z.string().min(1).max(256),
  password: secret(),
  /** false saves one request for each host; the capacity of clusters is then not known */
  hostDetails: z.boolean().default(true),
});
export type ChimestackSettings = z.output<typeof settings>;

/** ChimeStack knows no limit of requests; its server is one small process, so it gets no more than eight at once. */
export function limits(given: ChimestackSettings): Limits {
  return limitsOf(given, { concurrency: 8 });
}
