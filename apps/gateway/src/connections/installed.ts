import { appPlatform } from '@fleetgate/provider-app-platform';
import { chimestack } from '@fleetgate/provider-chimestack';
import { fleetManager } from '@fleetgate/provider-fleet-manager';
import { kubestellarToolkit } from '@fleetgate/provider-kubestellar-toolkit';
import { palette } from '@fleetgate/provider-palette';
import type { ProviderDefinition } from '@fleetgate/provider-spec';

/** The one list of providers. Adding one is a line here. */
export const installedProviders: readonly ProviderDefinition[] = [
  appPlatform,
  chimestack,
  fleetManager,
  kubestellarToolkit,
  palette,
] as unknown as readonly ProviderDefinition[]; // each connects with settings of its own schema, which parsing ensures
