// node tools/launch/install.mjs: installs what pnpm-lock.yaml pins, unless that was done already.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runQuietly } from './commands.mjs';
import { toolFailure } from './failure.mjs';
import { hasOwnNode } from './node-version.mjs';

const packageManager = 'pnpm@12.18.0';

/** @returns {Promise<boolean>} whether anything had to be done */
export async function install(root, onLine) {
  const stamp = join(root, 'node_modules/.fleetgate-install');
  const wanted = fingerprint(root);
  if (isInstalled(root) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false;
  rmSync(stamp, { force: true });
  const { code, output } = await runQuietly(
    'npx',
    ['-y', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'],
    { cwd: root, env: process.env, onLine },
  );
  if (code !== 0) throw toolFailure('install', output, code);
  writeFileSync(stamp, wanted);
  return true;
}

function isInstalled(root) {
  const program = hasOwnNode() ? ['.bin/node'] : [];
  return ['.modules.yaml', '.bin/nx', ...program].every((file) =>
    existsSync(join(root, 'node_modules', file)),
  );
}

/** Everything that decides what is installed. */
function fingerprint(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch} ${packageManager}\n`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests(root)]) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

function manifests(root) {
  return ['apps', 'libs', 'libs/providers'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .sort()
      .map((name) => `${folder}/${name}/package.json`)
      .filter((file) => existsSync(join(root, file))),
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await install(fileURLToPath(new URL('../..', import.meta.url)), () => {});
  } catch (error) {
    console.error(error.output ? `${error.output}\n${error.message}` : error.message);
    process.exitCode = 1;
  }
}
