import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const requiredOfProvider = [
  'package.json',
  'README.md',
  'src/index.ts',
  'src/provider.ts',
  'src/settings.ts',
  'src/session.ts',
  'src/errors.ts',
  'src/wire.ts',
  'test/options.ts',
  'test/conformance.test.ts',
  'test/mapping.test.ts',
];

const facets = ['projects', 'deployments', 'releases', 'clusters', 'cluster-groups'];

/** Names that say nothing about what lies inside. */
const emptyNames = new Set(['utils', 'util', 'common', 'shared', 'helpers', 'types', 'interfaces', 'misc']);

const passedOver = new Set(['node_modules', 'dist', 'coverage', '.nx', '.git']);

/** @returns {string[]} one line per problem; none when the house is in order */
export function layoutProblems(root) {
  return [
    ...foldersIn(join(root, 'libs/providers')).flatMap((name) => providerProblems(root, name)),
    ...['apps', 'libs', 'tools'].flatMap((top) => folderProblems(root, join(root, top))),
    ...packagesIn(root).flatMap((folder) => indexProblems(root, folder)),
  ];
}

function providerProblems(root, name) {
  const folder = join(root, 'libs/providers', name);
  const problems = requiredOfProvider
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => `libs/providers/${name}: ${file} is missing`);
  if (!facets.some((facet) => existsSync(join(folder, `src/${facet}.ts`)))) {
    problems.push(`libs/providers/${name}: no facet file, one of src/{${facets.join(',')}}.ts`);
  }
  const fixtures = join(folder, 'test/fixtures');
  if (!existsSync(fixtures) || !readdirSync(fixtures).some((file) => file.endsWith('.json'))) {
    problems.push(`libs/providers/${name}: test/fixtures holds no .json`);
  }
  if (!existsSync(join(root, 'libs/sandbox/src', name))) {
    problems.push(`libs/providers/${name}: its emulated upstream libs/sandbox/src/${name} is missing`);
  }
  return problems;
}

function folderProblems(root, folder) {
  return foldersIn(folder).flatMap((name) => {
    const path = join(folder, name);
    const own = emptyNames.has(name) ? [`${relative(root, path)}: name the folder by what it owns`] : [];
    return [...own, ...folderProblems(root, path)];
  });
}

/** One face per package: src/index.ts, with every name spelled out. */
function indexProblems(root, folder) {
  const face = join(folder, 'src/index.ts');
  const problems = filesIn(join(folder, 'src'))
    .filter((file) => /(^|\/)index\.ts$/.test(file) && file !== face)
    .map((file) => `${relative(root, file)}: only src/index.ts is a package's index`);
  if (existsSync(face) && /^\s*export\s+\*/m.test(readFileSync(face, 'utf8'))) {
    problems.push(`${relative(root, face)}: export names, not *`);
  }
  return problems;
}

function packagesIn(root) {
  return ['apps', 'libs', 'libs/providers']
    .flatMap((top) => foldersIn(join(root, top)).map((name) => join(root, top, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

function foldersIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !passedOver.has(name) && statSync(join(folder, name)).isDirectory())
    .sort();
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passedOver.has(entry.name) ? [] : filesIn(path);
    return [path];
  });
}
