// The nx generator: nx g ./tools/kit/generators.json:provider NAME. npm run new:provider is the same with words of its own.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf } from './files.mjs';
import { finish } from './finish.mjs';
import { lists } from './lists.mjs';
import { openapiFile } from './openapi.mjs';
import { mark, nameProblems, planOf } from './plan.mjs';
import { Refusal } from './refusal.mjs';

/**
 * Writes into `tree` (nx's), and gives back what is to be done when that is on the disk.
 * @param options as schema.json has them
 */
export default async function provider(tree, options) {
  return options.remove ? remove(tree, options) : add(tree, options);
}

function add(tree, options) {
  const { openapi, operations = [], install = true, facets, ...more } = options;
  const words = typeof facets === 'string' ? facets.split(',') : facets;
  const plan = {
    ...planOf({ ...more, ...(words === undefined ? {} : { facets: words }) }, (path) => tree.exists(path)),
    zodVersion: zodVersionOf(tree),
  };
  const files = filesOf(plan);
  if (openapi !== undefined) {
    const path = `libs/providers/${plan.name}/src/openapi.ts`;
    files.push({ path, text: openapiFile({ file: openapi, operations }) });
  }
  for (const { path, text } of files) tree.write(path, text);
  for (const { file, add: withIt } of lists) tree.write(file, withIt(read(tree, file), plan));
  const format = [...files.map(({ path }) => path), ...lists.map(({ file }) => file)];
  return () => finish(tree.root, { format, install });
}

function remove(tree, { name, install = true }) {
  const problems = nameProblems(name);
  if (problems.length > 0) throw new Refusal(problems);
  const folders = [`libs/providers/${name}`, `libs/sandbox/src/${name}`];
  const manifest = tree.read(`${folders[0]}/package.json`, 'utf8');
  if (manifest === null) throw new Refusal([`there is no libs/providers/${name} to remove`]);
  if (!JSON.parse(manifest).nx?.tags?.includes(mark)) {
    throw new Refusal([`libs/providers/${name} was not made by new:provider: remove it by hand`]);
  }
  const plan = { name, zodVersion: zodVersionOf(tree) };
  for (const folder of folders) tree.delete(folder);
  for (const { file, remove: without } of lists) tree.write(file, without(read(tree, file), plan));
  return async () => {
    // What was built and installed there, which the tree does not know.
    for (const folder of folders) rmSync(join(tree.root, folder), { recursive: true, force: true });
    await finish(tree.root, { format: [], install });
  };
}

function read(tree, file) {
  const text = tree.read(file, 'utf8');
  if (text === null) throw new Refusal([`there is no ${file} here: run this in the house`]);
  return text;
}

function zodVersionOf(tree) {
  return JSON.parse(read(tree, 'libs/model/package.json')).dependencies.zod;
}
