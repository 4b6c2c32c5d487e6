import { type Session, staticSession } from '@fleetgate/provider-kit';
import type { FleetManagerSettings } from './settings.ts';

export function sessionOf({ apiKey, authScheme }: FleetManagerSettings): Session {
  return staticSession(
    apiKey,
    authScheme === 'bearer' ? { authorization: `Bearer ${apiKey}` } : { 'api-key': apiKey },
  );
}
