import { type Session, staticSession } from '@fleetgate/provider-kit';
import type { AppPlatformSettings } from './settings.ts';

export function sessionOf({ apiKey }: AppPlatformSettings): Session {
  return staticSession(apiKey, { authorization: `Bearer ${apiKey}` });
}
