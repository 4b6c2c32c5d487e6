// npm run new:provider -- NAME: the generator with words of its own.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import tree from 'nx/src/generators/tree.js';
import { allFacets, defaultFacets } from './provider/facets.mjs';
import provider from './provider/generator.mjs';
import { auths, pagings } from './provider/plan.mjs';
import { Refusal } from './provider/refusal.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fileNames = allFacets.map(({ file }) => file).join(', ');

const help = `Usage: npm run new:provider -- NAME [options]

Makes libs/providers/NAME, its emulated upstream libs/sandbox/src/NAME and their tests, and puts both in the lists. What it makes is a
sample that passes the whole conformance suite at once; turn it into your platform part by part (docs/adding-a-provider.md).

  NAME                the word for configuration and answers: acme-cloud
  --title TEXT        for people ("Acme Cloud")
  --facets LIST       what the platform has, of ${fileNames}
                      (${defaultFacets.join(',')})
  --auth WAY          how it lets you in: ${auths.join(', ')} (${auths[0]})
                        static         a key that never ends
                        login          name and password, for a token that ends
                        oauth2-client  client credentials, for a token that ends
  --paging WAY        how its lists page: ${pagings.join(', ')} (${pagings[0]})
  --openapi FILE      also write the wire schemas of an OpenAPI 3 or Swagger 2.0 file, to src/openapi.ts
  --operations LIST   of that file, by operationId or "GET /path" (every GET)
  --remove            take away what this made of NAME, with whatever was changed in it since
  --no-install        do not link the new package, nor update the tables of capabilities
  --help

npm run new:provider -- acme-cloud --auth oauth2-client --paging token --facets projects,clusters
`;

const { values, positionals, problem } = read(process.argv.slice(2));
if (problem) refuse([problem]);
else if (values.help) process.stdout.write(help);
else {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(error.reasons);
  }
}

function read(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const words = { title: text, facets: text, auth: text, paging: text, openapi: text, operations: text };
  const options = { ...words, remove: flag, install: flag, help: { ...flag, short: 'h' } };
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      options,
      allowPositionals: true,
      allowNegative: true,
    });
    if (positionals.length > 1) return { problem: `one name at a time, not ${positionals.join(' ')}` };
    return { values, positionals };
  } catch (error) {
    return { problem: error.message }; // parseArgs names what it does not know
  }
}

async function make() {
  const [name] = positionals;
  const { operations, ...options } = values;
  const house = new tree.FsTree(root, false);
  const then = await provider(house, {
    ...options,
    name,
    ...(operations ? { operations: operations.split(',') } : {}),
  });
  const changes = house.listChanges();
  tree.flushChanges(root, changes);
  await then();
  for (const { type, path } of changes) process.stdout.write(`${type.padEnd(6)} ${path}\n`);
  process.stdout.write(options.remove ? `\n${name} is removed.\n` : next(name));
}

function next(name) {
  return `
${name} is there, and passes: npm run check:provider -- ${name}
  its tests     npm run nx -- test @fleetgate/provider-${name}
  in the house  npm start, then GET /v1/providers/${name}
  what next     docs/adding-a-provider.md, from "Make it yours"
`;
}

function refuse(reasons) {
  for (const reason of reasons) process.stderr.write(`new:provider: ${reason}\n`);
  process.stderr.write('npm run new:provider -- --help tells what it takes\n');
  process.exitCode = 2;
}
