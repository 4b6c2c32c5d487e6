import { facetOf, type Host, type Provider, type ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** facet → the operations that it offers; a facet that is absent is not supported */
export type Capabilities = Record<string, string[]>;

const facets: ReadonlySet<string> = new Set(['account', ...Object.values(facetOf)]);

/** What a connected provider can do, read off its own shape: there is no second list to keep true. */
export function capabilitiesOf(provider: Omit<Provider, 'native'>): Capabilities {
  return Object.fromEntries(
    Object.entries(provider)
      .filter(([name, facet]) => facet !== undefined && facets.has(name))
      .map(([name, facet]) => [
        name,
        Object.keys(facet as object).filter((key) => (facet as Record<string, unknown>)[key]),
      ]),
  );
}

export interface ProviderFacts {
  id: string;
  title: string;
  capabilities: Capabilities;
  settings_schema: Record<string, unknown>;
  writes: Record<string, Record<string, WriteFacts>>;
}

/** What one operation that changes something takes. */
interface WriteFacts {
  fields: string[];
  required: string[];
  options: string[];
  spec_schema: Record<string, unknown> | null;
}

const WriteFacts = z.object({
  fields: z.array(z.string()).describe('the fields that the platform has a place for'),
  required: z.array(z.string()).describe('those that it needs'),
  options: z.array(z.string()).describe('query options of a removal'),
  spec_schema: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('JSON Schema of spec; null: it takes none'),
});

export const ProviderFacts = z
  .object({
    id: z.string(),
    title: z.string(),
    capabilities: z
      .record(z.string(), z.array(z.string()))
      .describe('facet → the operations that it offers; a facet that is absent is not supported'),
    settings_schema: z.record(z.string(), z.unknown()).describe('JSON Schema; secrets are writeOnly'),
    writes: z
      .record(z.string(), z.record(z.string(), WriteFacts))
      .describe('facet → operation → what it takes, for each operation that changes something'),
  })
  .meta({ id: 'Provider' });

/** Connecting wires and does no I/O, so the example settings tell what the provider can do. */
export function factsOf(definition: ProviderDefinition): ProviderFacts {
  const provider = definition.connect(definition.settings.parse(definition.example), inert);
  return {
    id: definition.id,
    title: definition.title,
    capabilities: capabilitiesOf(provider),
    settings_schema: jsonSchemaOf(definition.settings),
    writes: writesOf(definition),
  };
}

function writesOf({ writes = {} }: ProviderDefinition): ProviderFacts['writes'] {
  return Object.fromEntries(
    Object.entries(writes).map(([facet, rules]) => [
      facet,
      Object.fromEntries(
        Object.entries(rules).map(([operation, { fields, required = [], options = [], spec }]) => [
          operation,
          {
            fields: [...fields],
            required: [...required],
            options: [...options],
            spec_schema: spec ? jsonSchemaOf(spec) : null,
          },
        ]),
      ),
    ]),
  );
}

/** JSON Schema of what is to be sent; secrets are writeOnly. */
export function jsonSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (z.globalRegistry.get(zodSchema)?.['secret']) jsonSchema.writeOnly = true;
      delete (jsonSchema as Record<string, unknown>)['secret'];
    },
  }) as Record<string, unknown>;
}

const nothing = () => Promise.reject(new Error('a provider must not do I/O while it is being connected'));
const inert: Host = {
  send: nothing,
  clock: { now: () => 0, sleep: nothing },
  random: () => 0,
  tokens: { read: nothing, write: nothing, exclusive: nothing },
};
