// Who may import whom. tools/layout/planted.mjs plants one violation of every rule and fails unless it is caught.

const source = (name) => `libs/${name}`;
const provider = 'libs/providers/[^/]+';

/** Files that are no part of what runs. */
const testFile = '(/test/|[.](spec|test)[.]ts$)';

/**
 * What a package may import of ours besides itself; `tests` is allowed to its tests only.
 * Keys and values are regular expressions over folders.
 */
const table = {
  [source('model')]: { may: [] },
  [source('provider-spec')]: { may: [source('model')] },
  [source('provider-kit')]: { may: [source('provider-spec'), source('model')] },
  [source('provider-runtime')]: { may: [source('provider-spec'), source('model')] },
  [source('provider-conformance')]: {
    may: [source('provider-spec'), source('provider-runtime'), source('model')],
  },
  [provider]: {
    may: [source('provider-spec'), source('provider-kit'), source('model')],
    tests: [source('provider-conformance'), source('sandbox')],
  },
  // Nothing of ours, so that one misreading of an upstream cannot sit on both sides.
  [source('sandbox')]: { may: [] },
  [source('embedded-postgres')]: { may: [] },
  'apps/gateway': {
    may: [
      source('model'),
      source('provider-spec'),
      source('provider-runtime'),
      source('embedded-postgres'),
      provider,
    ],
    tests: [source('sandbox')],
  },
  'apps/sandbox': { may: [source('sandbox')] },
};

/** `libs/providers/[^/]+` → `provider`, `libs/model` → `model`, `apps/gateway` → `gateway`, `apps/sandbox` → `sandbox-app`. */
function nameOf(folder) {
  if (folder === provider) return 'provider';
  return folder.startsWith('apps/') && folder.endsWith('sandbox') ? 'sandbox-app' : folder.split('/').at(-1);
}

function importRules(folder, { may, tests = [] }) {
  const rule = (name, from, allowed) => ({
    name,
    severity: 'error',
    comment: `${nameOf(folder)} may import of ours: ${allowed.map(nameOf).join(', ') || 'nothing'}`,
    from,
    // $1 is the importing package's own folder.
    to: { path: '^(apps|libs)/', pathNot: ['^$1/', ...allowed.map((each) => `^${each}/`)] },
  });
  const path = `^(${folder})/`;
  return [
    rule(`${nameOf(folder)}-imports`, { path, pathNot: testFile }, may),
    rule(`${nameOf(folder)}-tests-import`, { path: `${path}.*${testFile}` }, [...may, ...tests]),
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(table).flatMap(([folder, allowed]) => importRules(folder, allowed)),
    {
      name: 'library-imports-no-app',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'providers-only-in-installed',
      severity: 'error',
      comment:
        'The one list of providers is apps/gateway/src/connections/installed.ts; everything else goes by it.',
      from: { path: '^apps/gateway/', pathNot: '^apps/gateway/src/connections/installed[.]ts$' },
      to: { path: `^${provider}/` },
    },
    {
      name: 'provider-without-framework',
      severity: 'error',
      comment:
        'A provider gets fetch, clock and random from its host and knows no framework and no database.',
      from: { path: `^${provider}/` },
      // By its bare name where it is not even installed.
      to: { path: `(^|node_modules/)(@nestjs|typeorm|fastify|undici|pg|pg-boss|rxjs)(/|$)` },
    },
    {
      name: 'model-needs-zod-only',
      severity: 'error',
      from: { path: '^libs/(model|provider-spec)/src/', pathNot: testFile },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'core'],
        pathNot: '(^|/)node_modules/zod/',
      },
    },
    {
      name: 'no-deep-import',
      severity: 'error',
      comment: 'Another package is imported by its name; only its index.ts is its face.',
      from: { path: '^(apps/[^/]+|libs/(?:providers/)?[^/]+)/' },
      to: {
        path: '^(apps/[^/]+|libs/(providers/)?[^/]+)/',
        pathNot: ['^$1/', '^libs/(providers/)?[^/]+/src/index[.]ts$'],
      },
    },
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Cycles of types alone are erased and harm nobody.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-npm',
      severity: 'error',
      comment: "Every package stands in the importing package's own package.json.",
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-test-dependency-in-source',
      severity: 'error',
      comment: 'What runs may not need a devDependency.',
      from: { path: '^(apps|libs)/', pathNot: [testFile, 'jest[.]config[.]js$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'source-imports-no-test',
      severity: 'error',
      from: { path: '^(apps|libs)/.*/src/', pathNot: testFile },
      to: { path: testFile, pathNot: 'node_modules' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@fleetgate/source', 'import', 'types', 'node', 'default'],
    },
  },
};
