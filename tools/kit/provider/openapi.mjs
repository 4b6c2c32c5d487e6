import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { resolve } from './pointer.mjs';
import { Refusal } from './refusal.mjs';
import { createWriter } from './zod-source.mjs';

const methods = ['get', 'put', 'post', 'delete', 'patch'];
/** operations that a refusal lists at most */
const mostListed = 40;

/**
 * The source of src/openapi.ts: what the chosen operations answer, as lenient schemas.
 * @param operations operationIds, or `GET /path`; none: every GET
 */
export function openapiFile({ file, operations }) {
  const document = documentOf(file);
  const known = operationsOf(document);
  const wanted = operations.map((word) => word.trim()).filter((word) => word !== '');
  const chosen =
    wanted.length === 0
      ? known.filter(({ method }) => method === 'get')
      : wanted.map((word) => find(known, word));
  if (chosen.length === 0) throw new Refusal([`${file} has no GET operation; name others with --operations`]);
  const writer = createWriter(document);
  const answers = chosen.map(({ id, method, path, operation }) => {
    const schema = answerOf(document, operation);
    const title = `${method.toUpperCase()} ${path}${operation.summary ? `: ${oneLine(operation.summary)}` : ''}`;
    if (schema === undefined) return `/** ${title} (it answers no JSON) */`;
    return `/** ${title} */\nexport const ${writer.nameFor(`${id} answer`)} = ${writer.source(schema)};`;
  });
  const { title = 'an API', version = '' } = document.info ?? {};
  return [
    "import { z } from 'zod';\n",
    `/** Made from ${basename(file)} (${oneLine(`${title} ${version}`.trim())}) by npm run new:provider. Take into wire.ts what is read, and no more. */\n`,
    ...writer.components(),
    ...answers,
    '',
  ].join('\n');
}

function documentOf(file) {
  let document;
  try {
    document = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal([`--openapi ${file} cannot be read: ${error.message}`]);
  }
  if (!/^3\./.test(document?.openapi ?? '') && document?.swagger !== '2.0') {
    throw new Refusal([`--openapi ${file} is no OpenAPI 3 and no Swagger 2.0 document`]);
  }
  return document;
}

function operationsOf({ paths = {} }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item?.[method])
      .map((method) => ({
        id: item[method].operationId ?? `${method} ${path}`,
        method,
        path,
        operation: item[method],
      })),
  );
}

function find(known, word) {
  const found = known.find(
    ({ id, method, path }) => word === id || word === `${method.toUpperCase()} ${path}`,
  );
  if (found) return found;
  const ids = known.slice(0, mostListed).map(({ id }) => id);
  const more = known.length > mostListed ? ', …' : '';
  throw new Refusal([`--operations: there is no "${word}"; there are ${ids.join(', ')}${more}`]);
}

/** The schema of the first answer of success that has a JSON body. */
function answerOf(document, { responses = {} }) {
  const success = Object.entries(responses)
    .filter(([status]) => /^2/.test(status))
    .map(([, response]) => (response.$ref ? resolve(document, response.$ref) : response));
  for (const response of success) {
    const json = Object.entries(response.content ?? {}).find(([type]) => /[/+]json/.test(type))?.[1];
    const schema = json?.schema ?? response.schema;
    if (schema) return schema;
  }
  return undefined;
}

function oneLine(text) {
  return String(text).replace(/\s+/g, ' ').replaceAll('*/', '* /').trim();
}
