import { limitsOf, secret, upstreamSettings } from '@fleetgate/provider-kit';
import type { Limits } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** An account's key, or a user's login; exactly one of the two. */
export const settings = z
  .strictObject({
    ...upstreamSettings,
    /** the origin, as Palette documents it: https://api.spectrocloud.com */
    baseUrl: upstreamSettings.baseUrl.refine((text) => URL.parse(text)?.pathname === '/', {
      error: 'must be an origin, without a path: the paths begin with /v1',
    }),
    apiKey: secret().optional(),
    emailId: z.string().min(1).max(320).optional(),
    password: secret().optional(),
    /** the organisation to log in to, for a user who is in several */
    org: z.string().min(1).max(256).optional(),
    /** false saves one request for each cluster; the version is then not known, and health only as far as the search tells it */
    clusterDetails: z.boolean().default(true),
  })
  .superRefine((given, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (given.apiKey !== undefined) {
      for (const field of ['emailId', 'password', 'org'] as const) {
        if (given[field] !== undefined) refuse(field, 'cannot be set together with apiKey');
      }
    } else if (given.emailId === undefined && given.password === undefined) {
      refuse('apiKey', 'is required, or emailId and password in its place');
    } else if (given.emailId === undefined) {
      refuse('emailId', 'is required with password');
    } else if (given.password === undefined) {
      refuse('password', 'is required with emailId');
    }
  });
export type PaletteSettings = z.output<typeof settings>;

/**
 * Palette allows 10 requests a second for each prefix of its paths, and for each address that calls, with bursts up to 50.
 * Nearly everything here goes to the one prefix /v1/dashboard; the cheaper 50 a second are those of /v1/spectroclusters, which
 * tells neither health nor version and so is not asked. One bucket for all, then, a little below what is allowed.
 */
export function limits(given: PaletteSettings): Limits {
  return limitsOf(given, { concurrency: 8, perSecond: 8, burst: 40 });
}
