// What planted.mjs plants. `code` imports by the names that a person would use; `rule` must be among what catches it.

import { createHash } from 'node:crypto';

const provider = '@fleetgate/provider-palette';

/** @type {{ file: string, code: string, rule: string, beside?: { file: string, code: string } }[]} */
export const importViolations = [
  plant(
    'libs/providers/chimestack/src',
    "export { id } from '../../palette/src/index.ts';",
    'provider-imports',
  ),
  plant(
    'libs/providers/chimestack/src',
    "import { Injectable } from '@nestjs/common';\nexport const x = Injectable;",
    'provider-without-framework',
  ),
  plant(
    'libs/providers/chimestack/src',
    "export { id } from '../../../provider-runtime/src/index.ts';",
    'provider-imports',
  ),
  plant('libs/providers/chimestack/src', "export { id } from '@fleetgate/sandbox';", 'provider-imports'),
  plant(
    'libs/providers/chimestack/test',
    "export { id } from '../../../provider-runtime/src/index.ts';",
    'provider-tests-import',
  ),
  plant('libs/sandbox/src', "export { id } from '../../model/src/index.ts';", 'sandbox-imports'),
  plant('libs/sandbox/test', "export { id } from '../../model/src/index.ts';", 'sandbox-tests-import'),
  plant(
    'libs/embedded-postgres/src',
    "export { id } from '../../model/src/index.ts';",
    'embedded-postgres-imports',
  ),
  plant('libs/model/src', "export { id } from '../../provider-spec/src/index.ts';", 'model-imports'),
  plant(
    'libs/model/src',
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;",
    'model-needs-zod-only',
  ),
  plant(
    'libs/provider-spec/src',
    "export { id } from '../../provider-kit/src/index.ts';",
    'provider-spec-imports',
  ),
  plant(
    'libs/provider-kit/src',
    "export { id } from '../../provider-runtime/src/index.ts';",
    'provider-kit-imports',
  ),
  plant(
    'libs/provider-runtime/src',
    "export { id } from '../../provider-kit/src/index.ts';",
    'provider-runtime-imports',
  ),
  plant(
    'libs/provider-conformance/src',
    "export { id } from '../../provider-kit/src/index.ts';",
    'provider-conformance-imports',
  ),
  plant(
    'libs/provider-kit/src',
    "export { id } from '../../../apps/gateway/src/main.ts';",
    'library-imports-no-app',
  ),
  plant('apps/gateway/src/clusters', `export { id } from '${provider}';`, 'providers-only-in-installed'),
  plant('apps/gateway/test', `export { id } from '${provider}';`, 'providers-only-in-installed'),
  plant('apps/gateway/src/clusters', "export { id } from '@fleetgate/sandbox';", 'gateway-imports'),
  plant(
    'apps/gateway/src/clusters',
    "export { id } from '../../../../libs/provider-kit/src/index.ts';",
    'gateway-imports',
  ),
  plant('apps/sandbox/src', "export { id } from '../../../libs/model/src/index.ts';", 'sandbox-app-imports'),
  plant(
    'apps/gateway/src/clusters',
    "export { id } from '../../../../libs/model/src/secret.ts';",
    'no-deep-import',
  ),
  plant(
    'apps/gateway/src/clusters',
    "export { id } from '@fleetgate/model/src/secret.ts';",
    'no-unresolvable',
  ),
  plant('libs/provider-kit/src', "import pg from 'pg';\nexport const x = pg;", 'no-undeclared-npm'),
  plant(
    'libs/embedded-postgres/src',
    "import pg from 'pg';\nexport const x = pg;",
    'no-test-dependency-in-source',
  ),
  plant('libs/provider-kit/src', "export { id } from '../test/legal.test.ts';", 'source-imports-no-test'),
  {
    file: 'libs/provider-kit/src/about.ts',
    code: "import { a } from './round.ts';\nexport const b = () => a;",
    beside: {
      file: 'libs/provider-kit/src/round.ts',
      code: "import { b } from './about.ts';\nexport const a = () => b;",
    },
    rule: 'no-circular',
  },
];

/** What is allowed must stay allowed: a rule that forbids everything would catch every plant too. */
export const legalImports = [
  legal('libs/provider-spec/src', '@fleetgate/model'),
  legal('libs/provider-kit/src', '@fleetgate/provider-spec', '@fleetgate/model', 'zod'),
  legal('libs/provider-runtime/src', '@fleetgate/provider-spec', '@fleetgate/model', 'undici'),
  legal('libs/provider-conformance/src', '@fleetgate/provider-spec', '@fleetgate/provider-runtime'),
  legal(
    'libs/providers/palette/src',
    '@fleetgate/provider-spec',
    '@fleetgate/provider-kit',
    '@fleetgate/model',
    'zod',
  ),
  legal(
    'libs/providers/palette/test',
    '@fleetgate/provider-conformance',
    '@fleetgate/sandbox',
    '../src/legal.ts',
  ),
  legal('libs/sandbox/src', 'fastify'),
  legal('apps/sandbox/src', '@fleetgate/sandbox'),
  legal(
    'apps/gateway/src/clusters',
    '@fleetgate/model',
    '@fleetgate/provider-runtime',
    '@fleetgate/embedded-postgres',
    '@nestjs/common',
  ),
  legal('apps/gateway/test', '@fleetgate/sandbox', '../src/clusters/legal.ts'),
  { file: 'apps/gateway/src/connections/installed.ts', code: `export * as a from '${provider}';` },
  legal('libs/provider-kit/test', '@fleetgate/model'),
];

/** Changes to a house in order, each of which the layout check must name. */
export const layoutViolations = [
  { remove: 'libs/providers/palette/src/wire.ts', says: 'libs/providers/palette: src/wire.ts is missing' },
  { remove: 'libs/providers/palette/src/clusters.ts', says: 'libs/providers/palette: no facet file' },
  { remove: 'libs/providers/palette/test/fixtures', says: 'test/fixtures holds no .json' },
  { remove: 'libs/sandbox/src/palette', says: 'its emulated upstream' },
  { add: 'apps/gateway/src/common/legal.ts', says: 'apps/gateway/src/common: name the folder' },
  { add: 'libs/model/src/kinds/index.ts', says: "only src/index.ts is a package's index" },
  { add: 'libs/sandbox/src/index.ts', code: "export * from './legal.ts';", says: 'export names, not *' },
];

function plant(folder, code, rule) {
  const test = folder.endsWith('/test') ? '.test' : '';
  return {
    file: `${folder}/planted-${createHash('sha256').update(code).digest('hex').slice(0, 8)}${test}.ts`,
    code,
    rule,
  };
}

function legal(folder, ...names) {
  const test = folder.endsWith('/test') ? '.test' : '';
  return {
    file: `${folder}/legal${test}.ts`,
    code: names.map((name, i) => `export * as n${i} from '${name}';`).join('\n'),
  };
}
