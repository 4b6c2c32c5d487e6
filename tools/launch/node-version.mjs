import { dirname, join } from 'node:path';
import { Failure } from './failure.mjs';

/** Where npm has a package with the Node of .nvmrc: see optionalDependencies in package.json. */
const packaged = new Set(['linux-x64', 'linux-arm64', 'darwin-x64']);
const least = [24, 11];

export function hasOwnNode() {
  return packaged.has(`${process.platform}-${process.arch}`);
}

/**
 * The Node that runs what is built, and an environment in which tools find it first.
 *
 * @throws {Failure} where npm brings none and the user's own is too old
 */
export function chooseNode(root, env = process.env) {
  const tools = join(root, 'node_modules/.bin');
  if (hasOwnNode()) {
    return { program: join(tools, 'node'), env: { ...env, PATH: `${tools}:${env.PATH}` } };
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > least[0] || (major === least[0] && minor >= least[1])) {
    return {
      program: process.execPath,
      env: { ...env, PATH: `${dirname(process.execPath)}:${tools}:${env.PATH}` },
    };
  }
  throw new Failure(
    `Node ${least.join('.')} or newer is needed on ${process.platform}-${process.arch}, where npm brings none; this is ${process.version}: install it (https://nodejs.org), then run npm start again`,
  );
}
