import {
  type FacetName,
  facetOf,
  type ProviderDefinition,
  type WriteOperation,
} from '@fleetgate/provider-spec';
import type { OpenAPIObject } from '@nestjs/swagger';
import { jsonSchemaOf } from '../providers/capabilities.ts';

/** Which operation each input is for. */
const inputs: Readonly<Record<string, readonly [FacetName, WriteOperation]>> = {
  ProjectCreate: [facetOf.project, 'create'],
  ProjectReplace: [facetOf.project, 'replace'],
  ProjectPatch: [facetOf.project, 'patch'],
  DeploymentCreate: [facetOf.deployment, 'create'],
  DeploymentReplace: [facetOf.deployment, 'replace'],
  DeploymentPatch: [facetOf.deployment, 'patch'],
  DeployRequest: [facetOf.deployment, 'deploy'],
  ClusterCreate: [facetOf.cluster, 'create'],
  ClusterPatch: [facetOf.cluster, 'patch'],
};

interface InputSchema {
  properties?: Record<string, unknown>;
}

/** Puts in place of every `spec`, which is free in the model, what the installed providers take there: one of them each. */
export function describeSpecs(document: OpenAPIObject, providers: readonly ProviderDefinition[]): void {
  const schemas = document.components?.schemas as Record<string, InputSchema> | undefined;
  for (const [name, [facet, operation]] of Object.entries(inputs)) {
    const properties = schemas?.[name]?.properties;
    if (!properties) continue;
    const oneOf = providers.flatMap(({ title, writes }) => {
      const spec = writes?.[facet]?.[operation]?.spec;
      if (!spec) return [];
      const { $schema: _, ...schema } = jsonSchemaOf(spec);
      return [{ title, ...schema }];
    });
    if (oneOf.length === 0) delete properties['spec'];
    else properties['spec'] = { description: 'what only this platform knows', oneOf };
  }
}
