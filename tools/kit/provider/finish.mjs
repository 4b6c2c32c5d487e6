import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { updateTables } from '../matrix/tables.mjs';
import { Refusal } from './refusal.mjs';

const written = /\.(ts|js|json)$/;

/** Formats what was written, links the new package, and brings the tables of what providers can do up to date. */
export async function finish(root, { format, install }) {
  const files = format.filter((path) => written.test(path));
  if (files.length > 0) {
    run(root, join(root, 'node_modules/.bin/biome'), ['format', '--write', '--vcs-enabled=false', ...files]);
  }
  if (!install) return;
  run(root, process.execPath, ['tools/launch/install.mjs']);
  updateTables(root);
}

function run(root, program, parameters) {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return;
  throw new Refusal([
    `${basename(program)} ${parameters[0]} failed`,
    String(error ?? `${stdout}${stderr}`).trim(),
  ]);
}
