import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedProviders } from '../src/connections/installed.ts';
import { factsOf } from '../src/providers/capabilities.ts';

const facets = ['projects', 'deployments', 'releases', 'clusters', 'clusterGroups'];

/** The table of the README: what each installed provider can do. */
function capabilityTable(): string {
  const rows = installedProviders.map(factsOf).map(({ title, id, capabilities }) => {
    const cells = facets.map((facet) => capabilities[facet]?.join(', ') ?? '–');
    return `| ${title} (\`${id}\`) | ${cells.join(' | ')} |`;
  });
  return [
    '| platform | projects | deployments | releases | clusters | cluster groups |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

it('the README shows what the providers can do, as they are', () => {
  const readme = readFileSync(join(__dirname, '../../../README.md'), 'utf8');
  const shown = /<!-- capabilities:[^>]*-->\n([\s\S]*?)\n?<!-- \/capabilities -->/.exec(readme)?.[1];
  expect(shown).toBe(capabilityTable());
});
