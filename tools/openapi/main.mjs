// npm run openapi [-- --record | --release]: writes libs/sdk/openapi.json from the schemas that the gateway checks with.
//   --record   first asks a gateway over the sandbox for the examples anew (apps/gateway/examples.json)
//   --release  then makes it the document of a released version, which later ones may not break (libs/sdk/released.json)
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenPromises } from './promises.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = (program, args, options) =>
  execFileSync(join(root, 'node_modules/.bin', program), args, { cwd: root, ...options });
const asked = new Set(process.argv.slice(2));

if (asked.has('--record')) {
  run('jest', ['test/docs/examples.test.ts', '--forceExit'], {
    cwd: join(root, 'apps/gateway'),
    stdio: 'inherit',
    env: {
      ...process.env,
      FLEETGATE_TEST_RECORD: 'on',
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
  });
}
run('nx', ['run', '@fleetgate/gateway:build', '--output-style=static'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const document = run('node', ['apps/gateway/dist/openapi.js'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
const file = join(root, 'libs/sdk/openapi.json');
const released = join(root, 'libs/sdk/released.json');
writeFileSync(file, document);
// What people read is left out: only what programs rely on is compared.
const read = (name, value) =>
  name === 'example' || (/^(description|summary)$/.test(name) && typeof value === 'string');
const relied = (name, value) => (read(name, value) ? undefined : value);
if (asked.has('--release')) writeFileSync(released, `${JSON.stringify(JSON.parse(document), relied, 1)}\n`);

const broken = brokenPromises(JSON.parse(readFileSync(released, 'utf8')), JSON.parse(document));
for (const promise of broken) console.error(`breaks the released version: ${promise}`);
console.log(
  `libs/sdk/openapi.json: version ${JSON.parse(document).info.version}, ${broken.length} breaking changes`,
);
