import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';
import type { ConnectionConfig } from './file.ts';

interface Schema {
  secret?: boolean;
  properties?: Record<string, Schema>;
}

/** Every secret among the settings of connections: what the provider's schema marks as one. */
export function secretsOf(
  connections: readonly ConnectionConfig[],
  providers: readonly ProviderDefinition[],
): string[] {
  const schemas = new Map(
    providers.map(({ id, settings }) => [
      id,
      z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }) as Schema,
    ]),
  );
  return connections.flatMap(({ provider, settings }) => marked(schemas.get(provider), settings));
}

function marked(schema: Schema | undefined, value: unknown): string[] {
  if (schema === undefined || value === undefined || value === null) return [];
  if (schema.secret) return [String(value)];
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    marked(inner, (value as Record<string, unknown>)[name]),
  );
}
