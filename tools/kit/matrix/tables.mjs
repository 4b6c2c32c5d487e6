import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files that show what the providers can do, between `<!-- capabilities: … -->` and `<!-- /capabilities -->`. */
export const files = ['README.md', 'libs/providers/README.md'];

const block = /(<!-- capabilities:[^>]*-->\n)[\s\S]*?(\n<!-- \/capabilities -->)/;

/** Writes the table into every file of the house at `root`. @returns the files that were stale */
export function updateTables(root) {
  return stale(root, (path, text) => writeFileSync(path, text));
}

/** @returns the files whose table is not what the definitions say */
export function staleTables(root) {
  return stale(root, () => {});
}

function stale(root, write) {
  const table = tableOf(root);
  return files.filter((file) => {
    const path = join(root, file);
    const text = readFileSync(path, 'utf8');
    if (!block.test(text)) throw new Error(`${file} has no <!-- capabilities: … --> block`);
    const wanted = text.replace(block, (_, before, after) => before + table + after);
    if (wanted === text) return false;
    write(path, wanted);
    return true;
  });
}

/** In a process of its own, which sees the libraries of that house as they are now. */
function tableOf(root) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['tools/kit/typescript.mjs', 'tools/kit/matrix/print.mjs'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`the definitions of the providers cannot be read: ${stderr || stdout}`);
  return stdout.trimEnd();
}
