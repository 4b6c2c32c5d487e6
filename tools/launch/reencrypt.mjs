// npm run reencrypt: encrypts what is stored anew, under a new secret key. Plain Node 20, no dependency.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { chooseNode } from './node-version.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
try {
  await install(root, () => {});
  const node = chooseNode(root);
  await build(root, node.env, () => {});
  const { status } = spawnSync(
    node.program,
    [join(root, 'apps/gateway/dist/reencrypt.js'), ...process.argv.slice(2)],
    { cwd: root, env: node.env, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} catch (error) {
  process.stderr.write(`${error.output ? `${error.output.trimEnd()}\n\n` : ''}${error.message}\n`);
  process.exitCode = 1;
}
