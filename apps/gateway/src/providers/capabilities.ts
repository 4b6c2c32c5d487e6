import type { Host, Provider, ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** facet → the operations that it offers; a facet that is absent is not supported */
export type Capabilities = Record<string, string[]>;

/** What a connected provider can do, read off its own shape: there is no second list to keep true. */
export function capabilitiesOf(provider: Provider): Capabilities {
  return Object.fromEntries(
    Object.entries(provider)
      .filter(([, facet]) => facet !== undefined)
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
}

export const ProviderFacts = z
  .object({
    id: z.string(),
    title: z.string(),
    capabilities: z
      .record(z.string(), z.array(z.string()))
      .describe('facet → the operations that it offers; a facet that is absent is not supported'),
    settings_schema: z.record(z.string(), z.unknown()).describe('JSON Schema; secrets are writeOnly'),
  })
  .meta({ id: 'Provider' });

/** Connecting wires and does no I/O, so the example settings tell what the provider can do. */
export function factsOf(definition: ProviderDefinition): ProviderFacts {
  const provider = definition.connect(definition.settings.parse(definition.example), inert);
  return {
    id: definition.id,
    title: definition.title,
    capabilities: capabilitiesOf(provider),
    settings_schema: z.toJSONSchema(definition.settings, {
      io: 'input',
      override: ({ zodSchema, jsonSchema }) => {
        if (z.globalRegistry.get(zodSchema)?.['secret']) jsonSchema.writeOnly = true;
        delete (jsonSchema as Record<string, unknown>)['secret'];
      },
    }) as Record<string, unknown>,
  };
}

const nothing = () => Promise.reject(new Error('a provider must not do I/O while it is being connected'));
const inert: Host = {
  send: nothing,
  clock: { now: () => 0, sleep: nothing },
  random: () => 0,
  tokens: { read: nothing, write: nothing, exclusive: nothing },
};
