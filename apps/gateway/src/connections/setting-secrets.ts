import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';

interface Schema {
  secret?: boolean;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

export interface SecretSetting {
  readonly path: readonly string[];
  readonly value: string;
}

const schemas = new WeakMap<ProviderDefinition, Schema>();

function schemaOf(definition: ProviderDefinition): Schema {
  let schema = schemas.get(definition);
  if (!schema) {
    schema = z.toJSONSchema(definition.settings, { io: 'input', unrepresentable: 'any' }) as Schema;
    schemas.set(definition, schema);
  }
  return schema;
}

/** Every secret among the settings of a connection: what the provider's schema marks as one. */
export function secretsOf(definition: ProviderDefinition, settings: unknown): SecretSetting[] {
  return marked([schemaOf(definition)], settings, []);
}

/** The settings as far as they may be shown. */
export function shownOf(definition: ProviderDefinition, settings: unknown): Record<string, unknown> {
  const hidden = new Set(secretsOf(definition, settings).map(({ path }) => path.join('\0')));
  const shown = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value)
      .filter(([name]) => !hidden.has([...path, name].join('\0')))
      .map(([name, inner]) => [name, shown(inner, [...path, name])]);
    return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
  };
  return shown(settings, []) as Record<string, unknown>;
}

/** Whether the setting at the end of that path is a secret. */
export function isSecret(definition: ProviderDefinition, path: readonly string[]): boolean {
  return schemasAt(definition, path).some(({ secret }) => secret === true);
}

/** Whether the provider has a setting at the end of that path. */
export function isKnown(definition: ProviderDefinition, path: readonly string[]): boolean {
  return schemasAt(definition, path).length > 0;
}

function schemasAt(definition: ProviderDefinition, path: readonly string[]): Schema[] {
  let at = [schemaOf(definition)];
  for (const name of path) at = at.flatMap(alternatives).flatMap((schema) => memberOf(schema, name));
  return at.flatMap(alternatives);
}

function marked(from: readonly Schema[], value: unknown, path: readonly string[]): SecretSetting[] {
  if (value === undefined || value === null) return [];
  const at = from.flatMap(alternatives);
  if (at.some(({ secret }) => secret === true)) {
    return [{ path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  }
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    marked(
      at.flatMap((schema) => memberOf(schema, name)),
      inner,
      [...path, name],
    ),
  );
}

/** A schema and whatever it may be instead; a secret of any of them is one of all. */
function alternatives(schema: Schema): Schema[] {
  const { anyOf = [], oneOf = [], allOf = [] } = schema;
  return [schema, ...[...anyOf, ...oneOf, ...allOf].flatMap(alternatives)];
}

function memberOf({ properties, additionalProperties, items }: Schema, name: string): Schema[] {
  const own = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (own) return [own];
  return [additionalProperties, items].filter((inner) => typeof inner === 'object');
}
