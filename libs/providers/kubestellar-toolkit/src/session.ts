import { type Session, staticSession } from '@fleetgate/provider-kit';
import type { KubestellarToolkitSettings } from './settings.ts';

export function sessionOf({ token }: KubestellarToolkitSettings): Session {
  return staticSession(token, { authorization: `Bearer ${token}` });
}
