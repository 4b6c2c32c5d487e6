import { appPlatform } from './app-platform/routes.ts';
import { chimestack } from './chimestack/routes.ts';
import type { Emulator } from './core/emulator.ts';
import { fleetManager } from './fleet-manager/routes.ts';
import { kubestellarToolkit } from './kubestellar-toolkit/routes.ts';
import { palette } from './palette/routes.ts';

/** Every emulated upstream, in the order of their ports in apps/sandbox. A new one is one line here. */
export const emulators = [
  kubestellarToolkit,
  appPlatform,
  fleetManager,
  palette,
  chimestack,
] as const satisfies readonly Emulator[];

export type UpstreamName = (typeof emulators)[number]['name'];
