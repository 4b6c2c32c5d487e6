import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from './access/access.module.ts';
import type { Authentications } from './access/authentications.ts';
import { AuditController } from './audit/audit.controller.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { ClusterGroupsController } from './cluster-groups/cluster-groups.controller.ts';
import { ClustersController } from './clusters/clusters.controller.ts';
import type { Config } from './config.ts';
import type { Connections } from './connections/connection.ts';
import { ConnectionChanges } from './connections/connection-changes.ts';
import { ConnectionDeeds } from './connections/connection-deeds.ts';
import { ConnectionLookup } from './connections/connection-lookup.ts';
import { ConnectionRemoval } from './connections/connection-removal.ts';
import { ConnectionReports } from './connections/connection-reports.ts';
import { ConnectionStates } from './connections/connection-states.ts';
import { ConnectionsController } from './connections/connections.controller.ts';
import { ConnectionsModule } from './connections/connections.module.ts';
import type { Connector } from './connections/connector.ts';
import { RecentCalls } from './connections/recent-calls.ts';
import { SecretRotation } from './connections/secret-rotation.ts';
import { SettingsCheck } from './connections/settings-check.ts';
import { DatabaseModule } from './database/database.module.ts';
import type { DatabaseTarget } from './database/database.ts';
import { DeploymentsController } from './deployments/deployments.controller.ts';
import { EventFeed } from './events/event-feed.ts';
import { EventLog } from './events/event-log.ts';
import { EventsController } from './events/events.controller.ts';
import { Sequencer } from './events/sequencer.ts';
import { HealthController } from './health/health.controller.ts';
import { Health } from './health/health.ts';
import { ReadyAnswers } from './http/ready-answers.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { IdempotencyStore } from './idempotency/idempotency-store.ts';
import { InboundHooks } from './inbound/inbound-hooks.ts';
import { InventoryModule } from './inventory/inventory.module.ts';
import { MetricsController } from './metrics/metrics.controller.ts';
import { Metrics } from './metrics/metrics.ts';
import { Scrapes } from './metrics/scrapes.ts';
import { StoreGauges } from './metrics/store-gauges.ts';
import { Tallies } from './metrics/tallies.ts';
import { NativeCalls } from './native/native-calls.ts';
import { OAuthModule } from './oauth/oauth.module.ts';
import { OperationStore } from './operations/operation-store.ts';
import { OperationsController } from './operations/operations.controller.ts';
import type { OutboundGuard } from './outbound/outbound-guard.ts';
import { ProjectsController } from './projects/projects.controller.ts';
import { ProvidersController } from './providers/providers.controller.ts';
import { Cursors } from './reading/cursor.ts';
import { Lists } from './reading/lists.ts';
import { Ones } from './reading/ones.ts';
import { Reader } from './reading/reader.ts';
import { Scope } from './reading/scope.ts';
import { RedisModule } from './redis/redis.module.ts';
import { ReleasesController } from './releases/releases.controller.ts';
import { RequestLog } from './requests/request-log.ts';
import { RequestRecords } from './requests/request-records.ts';
import { RequestsController } from './requests/requests.controller.ts';
import { Stories } from './requests/stories.ts';
import { Keyring } from './sealing/keyring.ts';
import { operationInputs } from './sealing/sealed-columns.ts';
import { SEALER } from './sealing/sealer.ts';
import { ThrottleModule } from './throttle/throttle.module.ts';
import type { Jobs } from './tracing/jobs.ts';
import { type DeliveryTiming, WebhooksModule } from './webhooks/webhooks.module.ts';
import { FollowUps } from './writing/follow-ups.ts';
import { Kubeconfigs } from './writing/kubeconfigs.ts';
import { OperationRunner } from './writing/operation-runner.ts';
import { Writer } from './writing/writer.ts';
import { Writes } from './writing/writes.ts';

export interface AppParts {
  config: Config;
  database: DatabaseTarget;
  /** of the file */
  connections: Connections;
  connector: Connector;
  guard: OutboundGuard;
  authentications: Authentications;
  metrics: Metrics;
  recent: RecentCalls;
  stories: Stories;
  /** of deliveries to webhooks; default: the machine's own */
  timing?: DeliveryTiming;
  jobs: Jobs;
}

/** The list of features. */
@Module({})
export class AppModule {
  static with(parts: AppParts): DynamicModule {
    const {
      config,
      database,
      connections,
      connector,
      guard,
      authentications,
      metrics,
      recent,
      stories,
      jobs,
    } = parts;
    const keyring = new Keyring(config.secretKey, config.secretKeysOld);
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot(database),
        RedisModule.with(config),
        ThrottleModule.with(config),
        AccessModule.with({ config, authentications }),
        ConnectionsModule.forRoot({ connections, connector, guard, keyring }),
        InventoryModule.forRoot({ jobs, sync: { eventsKeepDays: config.eventsKeepDays } }),
        OAuthModule.with(config, keyring),
        WebhooksModule.with(config, keyring, parts.timing),
      ],
      controllers: [
        ProjectsController,
        DeploymentsController,
        ReleasesController,
        ClustersController,
        ClusterGroupsController,
        ProvidersController,
        ConnectionsController,
        OperationsController,
        EventsController,
        AuditController,
        HealthController,
        MetricsController,
        RequestsController,
      ],
      providers: [
        { provide: Cursors, useValue: new Cursors(keyring) },
        Scope,
        Lists,
        Ones,
        Reader,
        ReadyAnswers,
        ConnectionReports,
        ConnectionStates,
        { provide: RecentCalls, useValue: recent },
        ConnectionChanges,
        ConnectionDeeds,
        ConnectionLookup,
        ConnectionRemoval,
        SecretRotation,
        SettingsCheck,
        AuditTrail,
        { provide: SEALER, useValue: keyring.sealed(operationInputs.purpose) },
        {
          provide: Idempotency,
          inject: [IdempotencyStore],
          useFactory: (store: IdempotencyStore) => new Idempotency(store, keyring),
        },
        IdempotencyStore,
        OperationStore,
        OperationRunner,
        FollowUps,
        Writer,
        Writes,
        Kubeconfigs,
        NativeCalls,
        InboundHooks,
        EventLog,
        EventFeed,
        Sequencer,
        Health,
        { provide: Metrics, useValue: metrics },
        { provide: Tallies, useValue: metrics.answers },
        { provide: Stories, useValue: stories },
        RequestLog,
        RequestRecords,
        StoreGauges,
        Scrapes,
      ],
    };
  }
}
