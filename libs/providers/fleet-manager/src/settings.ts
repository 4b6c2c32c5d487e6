import { secret, upstreamSettings } from '@fleetgate/provider-kit';
import { z } from 'zod';

export const FleetManagerSettings = z.strictObject({
  ...upstreamSettings,
  apiKey: secret(),
  /** how the key travels: the real API takes an `api-key` header, some notes about it say Bearer */
  authScheme: z.enum(['api-key', 'bearer']).default('api-key'),
  /** where releases come from: one list of all of them, or one list for each deployment (a call each) */
  releases: z.enum(['listed', 'per-deployment']).default('listed'),
  /** what changes are sent as: what clients at work send, or what some notes about the API show */
  bodies: z.enum(['clients', 'notes']).default('clients'),
});
export type FleetManagerSettings = z.output<typeof FleetManagerSettings>;
