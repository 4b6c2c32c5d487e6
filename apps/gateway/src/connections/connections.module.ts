import { type DynamicModule, Global, Module } from '@nestjs/common';
import { LINKS } from '../inventory/feed.ts';
import { OutboundGuard } from '../outbound/outbound-guard.ts';
import { SHARED, type Shared } from '../redis/redis.module.ts';
import { Keyring } from '../sealing/keyring.ts';
import { CONNECTIONS, type Connections } from './connection.ts';
import { ConnectionStore } from './connection-store.ts';
import { CONNECTOR, type Connector } from './connector.ts';
import { Links } from './links.ts';
import { LiveConnections } from './live-connections.ts';

export interface ConnectionsOptions {
  /** of the file */
  readonly connections: Connections;
  readonly connector: Connector;
  readonly guard: OutboundGuard;
  readonly keyring: Keyring;
}

/** Every connection, wherever it was made. */
@Global()
@Module({})
export class ConnectionsModule {
  static forRoot({ connections, connector, guard, keyring }: ConnectionsOptions): DynamicModule {
    return {
      module: ConnectionsModule,
      providers: [
        { provide: Keyring, useValue: keyring },
        { provide: OutboundGuard, useValue: guard },
        {
          provide: CONNECTOR,
          inject: [SHARED],
          useFactory: (shared: Shared) => {
            if (shared) connector.limits?.join(shared);
            return connector;
          },
        },
        { provide: LiveConnections, useValue: new LiveConnections(connections) },
        { provide: CONNECTIONS, useExisting: LiveConnections },
        ConnectionStore,
        Links,
        { provide: LINKS, useExisting: Links },
      ],
      exports: [
        Keyring,
        OutboundGuard,
        CONNECTOR,
        CONNECTIONS,
        LiveConnections,
        ConnectionStore,
        Links,
        LINKS,
      ],
    };
  }
}
