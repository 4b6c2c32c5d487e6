import type { MigrationInterface } from 'typeorm';
import { LoginKnownPlace1765000000000 } from '../access/login/known-place-migration.ts';
import { Access1764800000000 } from '../access/migration.ts';
import { Connections1764950000000 } from '../connections/migration.ts';
import { Events1764540003000 } from '../events/migration.ts';
import { Idempotency1764540001000 } from '../idempotency/migration.ts';
import { OAuth1764900000000 } from '../oauth/migration.ts';
import { Operations1764540002000 } from '../operations/migration.ts';
import { Requests1765100000000 } from '../requests/migration.ts';
import { SessionKeyId1764700000000 } from '../sessions/key-id-migration.ts';
import { ProviderSession1763600001000 } from '../sessions/migration.ts';
import { DeliveryByEvent1765300000000 } from '../webhooks/by-event-migration.ts';
import { Webhooks1765200000000 } from '../webhooks/migration.ts';
import { Inventory1763600000000 } from './migrations/1763600000000-inventory.ts';

/** Every change of the schema, oldest first. One that was released is never edited. */
export const migrations: readonly (new () => MigrationInterface)[] = [
  Inventory1763600000000,
  ProviderSession1763600001000,
  Idempotency1764540001000,
  Operations1764540002000,
  Events1764540003000,
  SessionKeyId1764700000000,
  Access1764800000000,
  OAuth1764900000000,
  Connections1764950000000,
  LoginKnownPlace1765000000000,
  Requests1765100000000,
  Webhooks1765200000000,
  DeliveryByEvent1765300000000,
];
