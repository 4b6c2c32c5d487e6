import { secret, upstreamSettings } from '@fleetgate/provider-kit';
import { z } from 'zod';

export const KubestellarToolkitSettings = z.strictObject({ ...upstreamSettings, token: secret() });
export type KubestellarToolkitSettings = z.output<typeof KubestellarToolkitSettings>;
