import { type Deadlines, memoryTokens, systemClock } from '@fleetgate/provider-runtime';
import type { Logger } from 'pino';
import { Connector } from '../../src/connections/connector.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { Redaction } from '../../src/logging/redaction.ts';
import { AllowedNetworks } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard, type Resolve } from '../../src/outbound/outbound-guard.ts';

/** What one replica joins connections with: its sessions stay with itself, and it may call this machine. */
export function testConnector(logger: Logger, deadlines: Partial<Deadlines> = {}, resolve?: Resolve) {
  const guard = new OutboundGuard(new AllowedNetworks(['127.0.0.0/8']), resolve);
  const redaction = new Redaction();
  const connector = new Connector({
    providers: installedProviders,
    tokens: memoryTokens(systemClock),
    logger,
    redaction,
    sessionKey: Buffer.alloc(32, 1),
    lookup: guard.lookup,
    deadlines,
  });
  return { guard, connector, redaction };
}
