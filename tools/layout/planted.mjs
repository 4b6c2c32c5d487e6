// node tools/layout/planted.mjs: proves that the rules of .dependency-cruiser.cjs and of rules.mjs catch what they are
// for. It builds a small copy of the house in a temporary folder (each package's package.json and links, an empty
// index.ts), plants violations there, and runs the real configuration over it once. The checkout is not touched.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layoutProblems } from './rules.mjs';
import { importViolations, layoutViolations, legalImports } from './violations.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const house = realpathSync(mkdtempSync(join(tmpdir(), 'fleetgate-planted-')));
const remove = () => rmSync(house, { recursive: true, force: true });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    remove();
    process.exit(1);
  });
}

try {
  build();
  const failures = [...layoutFailures(), ...importFailures()];
  for (const failure of failures) console.error(`planted: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  else {
    const planted = importViolations.length + layoutViolations.length;
    console.log(`planted: ${planted} violations caught, ${legalImports.length} legal files passed`);
  }
} finally {
  remove();
}

function build() {
  for (const file of ['package.json', 'tsconfig.base.json', '.dependency-cruiser.cjs']) {
    cpSync(join(root, file), join(house, file));
  }
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  for (const folder of packages()) {
    cpSync(join(root, folder, 'package.json'), join(house, folder, 'package.json'));
    const links = join(root, folder, 'node_modules');
    if (existsSync(links)) {
      // The links are relative: in the copy they lead to the copies.
      cpSync(links, join(house, folder, 'node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !/\/node_modules\/\.(?!bin\/|pnpm)/.test(path) && !path.endsWith('/.bin'),
      });
    }
    write(`${folder}/src/index.ts`, 'export const id = 1;');
  }
  write('apps/gateway/src/main.ts', 'export const id = 1;');
  write('libs/model/src/secret.ts', 'export const id = 1;');
}

function packages() {
  return ['apps', 'libs', 'libs/providers'].flatMap((top) =>
    readdirSync(join(root, top))
      .map((name) => `${top}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json'))),
  );
}

function write(file, code = 'export const id = 1;') {
  mkdirSync(dirname(join(house, file)), { recursive: true });
  writeFileSync(join(house, file), `${code}\n`);
}

/** Each violation is planted alone into a house in order, and taken out again. */
function layoutFailures() {
  const names = readdirSync(join(house, 'libs/providers'));
  for (const name of names) {
    for (const file of ['README.md', 'test/fixtures/one.json']) write(`libs/providers/${name}/${file}`, '{}');
    for (const file of ['provider', 'settings', 'session', 'errors', 'wire', 'clusters']) {
      write(`libs/providers/${name}/src/${file}.ts`);
    }
    for (const file of ['options', 'conformance.test', 'mapping.test']) {
      write(`libs/providers/${name}/test/${file}.ts`);
    }
    write(`libs/sandbox/src/${name}/routes.ts`);
  }
  const before = layoutProblems(house).map((problem) => `a house in order is blamed: ${problem}`);
  const missed = layoutViolations.flatMap(({ add, remove: gone, code, says }) => {
    const path = join(house, add ?? gone);
    const kept = join(house, 'kept');
    if (existsSync(path)) cpSync(path, kept, { recursive: true });
    if (add === undefined) rmSync(path, { recursive: true });
    else write(add, code);
    const caught = layoutProblems(house).some((problem) => problem.includes(says));
    rmSync(add === undefined || existsSync(kept) ? path : dirname(path), { recursive: true, force: true });
    if (existsSync(kept)) cpSync(kept, path, { recursive: true });
    rmSync(kept, { recursive: true, force: true });
    return caught ? [] : [`the layout check does not say "${says}"`];
  });
  return [...before, ...missed];
}

function importFailures() {
  const plants = importViolations.map(({ beside, ...own }) => ({
    ...own,
    files: beside ? [own, beside] : [own],
  }));
  for (const { file, code } of [...plants.flatMap(({ files }) => files), ...legalImports]) write(file, code);
  const violations = cruise();
  const caught = ({ files, rule }) =>
    violations.some(({ from, rule: { name } }) => name === rule && files.some(({ file }) => file === from));
  const missed = plants
    .filter((plant) => !caught(plant))
    .map(({ file, rule, code }) => `${rule} does not catch in ${file}: ${code.split('\n')[0]}`);
  const planted = new Set(plants.flatMap(({ files }) => files.map(({ file }) => file)));
  const blamed = violations
    .filter(({ from }) => !planted.has(from))
    .map(({ from, to, rule }) => `${rule.name} forbids what is allowed: ${from} → ${to}`);
  const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'));
  const unproved = forbidden
    .map(({ name }) => name)
    .filter((name) => !name.endsWith('-tests-import') && !importViolations.some(({ rule }) => rule === name))
    .map((name) => `no violation is planted for the rule ${name}`);
  return [...missed, ...blamed, ...unproved];
}

function cruise() {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'apps', 'libs'],
    { cwd: house, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  try {
    return JSON.parse(stdout).summary.violations;
  } catch (error) {
    throw new Error(`dependency-cruiser gave no result: ${stderr || stdout}`, { cause: error });
  }
}
