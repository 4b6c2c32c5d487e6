import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { allFacets } from './facets.mjs';

const templates = fileURLToPath(new URL('templates', import.meta.url));

/** Files that only some plans have. */
const conditions = {
  'provider/src/writes.ts': ({ has }) => has.projects,
  'provider/test/write-samples.ts': ({ has }) => has.projects,
  'sandbox/write-routes.ts': ({ has }) => has.projects,
  'provider/src/rollouts.ts': ({ has }) => has.deployments || has.releases,
  'sandbox/session.ts': ({ auth }) => auth !== 'static',
  ...Object.fromEntries(
    allFacets.flatMap(({ facet, file }) => [
      [`provider/src/${file}.ts`, ({ has }) => has[facet]],
      [`provider/test/fixtures/${file}.json`, ({ has }) => has[facet]],
    ]),
  ),
};

/** Every file of the library and of its emulator. @returns {{ path: string, text: string }[]} */
export function filesOf(plan) {
  return readdirSync(templates, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((template) => ({ template, name: relative(templates, template).replace(/\.ejs$/, '') }))
    .filter(({ name }) => conditions[name]?.(plan) ?? true)
    .map(({ template, name }) => ({
      path: name
        .replace(/^provider\//, `libs/providers/${plan.name}/`)
        .replace(/^sandbox\//, `libs/sandbox/src/${plan.name}/`),
      text: withSortedImports(ejs.render(readFileSync(template, 'utf8'), plan, { filename: template })),
    }));
}

/** As the formatter would have them, which takes seconds to look for them itself: Node's own first, then packages, then files. */
function withSortedImports(text) {
  const head = /^(?:import [^;]+;\n)+/.exec(text)?.[0] ?? '';
  const rank = (source) => (source.startsWith('node:') ? 0 : source.startsWith('.') ? 2 : 1);
  const statements = (head.match(/import [^;]+;\n/g) ?? [])
    .map((statement) => ({ statement, source: /from '(.+)';\n$/.exec(statement)?.[1] ?? '' }))
    .sort((a, b) => rank(a.source) - rank(b.source) || (a.source < b.source ? -1 : 1));
  return statements.map(({ statement }) => statement).join('') + text.slice(head.length);
}
