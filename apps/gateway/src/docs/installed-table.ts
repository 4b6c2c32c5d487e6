import type { ProviderDefinition } from '@fleetgate/provider-spec';
import type { OpenAPIObject } from '@nestjs/swagger';
import { factsOf } from '../providers/capabilities.ts';

/** Tells in the description of the API which platforms it speaks to, and what each can do. */
export function describeInstalled(document: OpenAPIObject, providers: readonly ProviderDefinition[]): void {
  const rows = providers.map(factsOf).map(({ id, title, capabilities: { account: _, ...facets } }) => {
    const can = Object.entries(facets).map(([facet, operations]) => `${facet}: ${operations.join(', ')}`);
    return `| ${title} | \`${id}\` | ${can.join('; ')} |`;
  });
  const table = ['| platform | provider | can |', '|---|---|---|', ...rows].join('\n');
  document.info.description = `${document.info.description ?? ''}\n\n${table}`;
}
