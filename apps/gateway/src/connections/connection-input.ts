import { Slug } from '@fleetgate/model';
import { z } from 'zod';
import { SyncInterval } from './sync-interval.ts';

const settings = z
  .record(z.string(), z.unknown(), { error: 'must hold the settings of the provider (name: value)' })
  .describe('what the provider’s settings_schema says (GET /v1/providers)');
const team = Slug.nullable().describe(
  'slug of the team that it belongs to; null: everyone, which only root may say',
);
const sync = z.strictObject({
  interval: SyncInterval.optional().meta({
    type: ['integer', 'string'],
    description: 'seconds, or like 30s, 5m or 1h; 60 unless told',
  }),
});

export const ConnectionCreate = z
  .strictObject({
    slug: Slug.describe('its id from now on; it never changes'),
    provider: z.string(),
    team: team.optional().describe('left out: your own team'),
    sync: sync.optional(),
    settings,
  })
  .meta({ id: 'ConnectionCreate' });
export type ConnectionCreate = z.output<typeof ConnectionCreate>;

export const ConnectionReplace = z
  .strictObject({
    team: team.optional().describe('left out: as it is'),
    sync: sync.optional(),
    settings: settings.describe('all of them, but for secrets: one that is left out stays; null removes it'),
  })
  .meta({ id: 'ConnectionReplace' });
export type ConnectionReplace = z.output<typeof ConnectionReplace>;

export const ConnectionPatch = z
  .strictObject({
    team: team.optional(),
    sync: sync.optional(),
    settings: settings
      .optional()
      .describe('a merge patch (RFC 7396): what is left out stays; null removes it'),
  })
  .meta({ id: 'ConnectionPatch' });
export type ConnectionPatch = z.output<typeof ConnectionPatch>;

export const SecretRotation = z
  .strictObject({ settings: settings.describe('the new secrets, and nothing else') })
  .meta({ id: 'SecretRotation' });
export type SecretRotation = z.output<typeof SecretRotation>;

export const rotationQuery = z.strictObject({
  test: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('true')
    .transform((word) => word === 'true')
    .describe('false: take the new secret without asking the upstream whether it is good'),
});
export type RotationQuery = z.output<typeof rotationQuery>;
