import { secret, upstreamSettings } from '@fleetgate/provider-kit';
import { z } from 'zod';

export const AppPlatformSettings = z.strictObject({
  ...upstreamSettings,
  apiKey: secret(),
  /** of a webhook there that sends to this connection's `inbound` address; absent: nothing is taken from there */
  webhookSecret: secret().optional(),
});
export type AppPlatformSettings = z.output<typeof AppPlatformSettings>;
