import { secret, upstreamSettings } from '@fleetgate/provider-kit';
import { z } from 'zod';

export const FleetManagerSettings = z.strictObject({
  ...upstreamSettings,
  apiKey: secret(),
  /** how the key travels: the real API takes an `api-key` header, some notes about it say Bearer */
  authScheme: z.enum(['api-key', 'bearer']).default('api-key'),
  /** where releases come from: one list of all of them, or one list for each deployment (a call each) */
  releases: z.enum(['listed', 'per-deployment']).default('listed'),
});
export type FleetManagerSettings = z.output<typeof FleetManagerSettings>;
