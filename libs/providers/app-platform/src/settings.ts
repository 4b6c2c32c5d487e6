import { secret, upstreamSettings } from '@fleetgate/provider-kit';
import { z } from 'zod';

export const AppPlatformSettings = z.strictObject({ ...upstreamSettings, apiKey: secret() });
export type AppPlatformSettings = z.output<typeof AppPlatformSettings>;
