// Prints what the installed providers can do, as a table of Markdown: read off what they connect to, so that no second list
// needs to be kept true.
import { installedProviders } from '../../../apps/gateway/src/connections/installed.ts';
import { capabilitiesOf } from '../../../apps/gateway/src/providers/capabilities.ts';
import { inert } from './inert.mjs';

const facets = ['projects', 'deployments', 'releases', 'clusters', 'clusterGroups'];

const rows = installedProviders.map((definition) => {
  const provider = definition.connect(definition.settings.parse(definition.example), inert);
  const capabilities = capabilitiesOf(provider);
  const cells = facets.map((facet) => capabilities[facet]?.join(', ') ?? '–');
  return `| ${definition.title} (\`${definition.id}\`) | ${cells.join(' | ')} |`;
});
process.stdout.write(
  [
    '| platform | projects | deployments | releases | clusters | cluster groups |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n'),
);
