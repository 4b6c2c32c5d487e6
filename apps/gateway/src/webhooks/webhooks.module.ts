import { systemClock } from '@fleetgate/provider-runtime';
import type { Clock } from '@fleetgate/provider-spec';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../config.ts';
import { EventLog } from '../events/event-log.ts';
import { OutboundGuard } from '../outbound/outbound-guard.ts';
import { Cursors } from '../reading/cursor.ts';
import { Keyring } from '../sealing/keyring.ts';
import { Claims } from './claims.ts';
import { CLOCK } from './clock.ts';
import { DeliveriesController } from './deliveries.controller.ts';
import { DeliveryLog } from './delivery-log.ts';
import { Dispatcher } from './dispatcher.ts';
import { FanOut } from './fan-out.ts';
import { Replays } from './replays.ts';
import { SCHEDULE, type Schedule } from './schedule.ts';
import { Sender } from './sender.ts';
import { Settlements } from './settlements.ts';
import { Subscriptions } from './subscriptions.ts';
import { TestEvents } from './test-events.ts';
import { WebhookChanges } from './webhook-changes.ts';
import { WebhookSecrets } from './webhook-secrets.ts';
import { WebhookStore } from './webhook-store.ts';
import { WebhooksController } from './webhooks.controller.ts';

/** What deliveries go by; default: the machine's own. */
export interface DeliveryTiming {
  readonly clock: Clock;
  readonly random: () => number;
}

/** Webhooks: who has which, and what is sent to them. */
@Module({})
export class WebhooksModule {
  static with(
    config: Config,
    keyring: Keyring,
    { clock, random }: DeliveryTiming = { clock: systemClock, random: Math.random },
  ): DynamicModule {
    const schedule: Schedule = { retries: config.webhookRetriesMs, random };
    return {
      module: WebhooksModule,
      controllers: [WebhooksController, DeliveriesController],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: SCHEDULE, useValue: schedule },
        { provide: Cursors, useValue: new Cursors(keyring) },
        { provide: WebhookSecrets, useValue: new WebhookSecrets(keyring) },
        {
          provide: Sender,
          useFactory: (guard: OutboundGuard, secrets: WebhookSecrets) => new Sender(guard, secrets, clock),
          inject: [OutboundGuard, WebhookSecrets],
        },
        EventLog,
        WebhookStore,
        WebhookChanges,
        Subscriptions,
        FanOut,
        Claims,
        Settlements,
        Dispatcher,
        DeliveryLog,
        Replays,
        TestEvents,
      ],
      exports: [DeliveryLog],
    };
  }
}
