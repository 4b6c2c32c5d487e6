// The lines that a provider has outside its own folders: each is put in and taken out by its text, so that whatever stands
// beside it stays as it is.
import { camelOf } from './plan.mjs';

/** Each file with a list, and its text with the provider in it, and without it. */
export const lists = [
  { file: 'apps/gateway/src/connections/installed.ts', add: addInstalled, remove: withoutNamed },
  { file: 'libs/sandbox/src/emulators.ts', add: addEmulator, remove: withoutNamed },
  { file: 'apps/gateway/package.json', add: addDependency, remove: withoutDependency },
  { file: 'apps/gateway/tsconfig.json', add: addReference, remove: withoutReference },
  { file: 'pnpm-lock.yaml', add: addLocked, remove: withoutLocked },
  { file: 'tools/launch/sandbox.yaml', add: addConnection, remove: withoutConnection },
];

function addInstalled(text, { name, camel }) {
  const line = `import { ${camel} } from '@fleetgate/provider-${name}';`;
  const imported = insertSorted(text, /^import .* from '(.+)';$/, `@fleetgate/provider-${name}`, line);
  const nameOf = new Map(
    [...imported.matchAll(/^import \{ (\w+) \} from '@fleetgate\/provider-(.+)';$/gm)].map((found) => [
      found[1],
      found[2],
    ]),
  );
  return insertSorted(imported, /^ {2}(\w+),$/, name, `  ${camel},`, {
    wordOf: (word) => nameOf.get(word) ?? word,
  });
}

/** At the end: the order of this list is the order of the ports. */
function addEmulator(text, { name, camel }) {
  const line = `import { ${camel} } from './${name}/routes.ts';`;
  const imported = insertSorted(text, /^import .* from '(.+)';$/, `./${name}/routes.ts`, line);
  return imported.replace(/^\] as const/m, () => `  ${camel},\n] as const`);
}

function withoutNamed(text, { name }) {
  const own = new RegExp(
    `^(import .* from '(@fleetgate/provider-${name}|\\./${name}/routes\\.ts)';|  ${camelOf(name)},)\n`,
    'gm',
  );
  return text.replace(own, '');
}

function addDependency(text, { name }) {
  return within(text, '  "dependencies": {', '  }', (part) =>
    insertSorted(
      part,
      /^ {4}"(@fleetgate\/[^"]+)": "workspace:\*",$/,
      `@fleetgate/provider-${name}`,
      `    "@fleetgate/provider-${name}": "workspace:*",`,
    ),
  );
}

function withoutDependency(text, { name }) {
  return text.replace(`    "@fleetgate/provider-${name}": "workspace:*",\n`, '');
}

function addReference(text, { name }) {
  return text.replace(/\n {4}\}\n {2}\]\n\}\n$/, () => `\n    }${reference(name)}\n  ]\n}\n`);
}

function withoutReference(text, { name }) {
  return text.replace(reference(name), '');
}

function reference(name) {
  return `,\n    {\n      "path": "../../libs/providers/${name}"\n    }`;
}

function addLocked(text, { name, zodVersion }) {
  const member = /^ {6}'(@fleetgate\/.+)':$/;
  const gateway = within(text, '  apps/gateway:', '    devDependencies:', (part) =>
    insertSorted(part, member, `@fleetgate/provider-${name}`, lockedDependency(name), { length: 3 }),
  );
  // Some library comes behind every provider, so that there is always one to stand before.
  return insertSorted(
    gateway,
    /^ {2}((?:apps|libs)\/\S+):$/,
    `libs/providers/${name}`,
    lockedPackage(name, zodVersion),
  );
}

function withoutLocked(text, { name, zodVersion }) {
  return text.replace(`${lockedDependency(name)}\n`, '').replace(`${lockedPackage(name, zodVersion)}\n`, '');
}

function lockedDependency(name) {
  return linked(`provider-${name}`, `../../libs/providers/${name}`);
}

function lockedPackage(name, zodVersion) {
  const own = (library) => linked(library, `../../${library}`);
  return [
    `  libs/providers/${name}:`,
    '    dependencies:',
    ...['model', 'provider-kit', 'provider-spec'].map(own),
    `      zod:\n        specifier: ${zodVersion}\n        version: ${zodVersion}`,
    '    devDependencies:',
    ...['provider-conformance', 'sandbox'].map(own),
    '',
  ].join('\n');
}

function linked(library, path) {
  return `      '@fleetgate/${library}':\n        specifier: workspace:*\n        version: link:${path}`;
}

function addConnection(text, plan) {
  return `${text}${connection(plan)}`;
}

function withoutConnection(text, { name }) {
  return text.replace(
    new RegExp(`\n  - slug: ${name}\n    provider: ${name}\n    settings:\n(      .*\n)+`),
    '',
  );
}

function connection({ name, auth }) {
  const settings = {
    static: [`apiKey: ${name}-sandbox-key`],
    login: ['userName: fleetgate', `password: ${name}-sandbox-password`],
    'oauth2-client': ['clientId: fleetgate', `clientSecret: ${name}-sandbox-secret`],
  }[auth];
  const url = `FLEETGATE_SANDBOX_${name.toUpperCase().replaceAll('-', '_')}_URL`;
  const lines = [`baseUrl: \${${url}}`, ...settings].map((line) => `      ${line}\n`);
  return `\n  - slug: ${name}\n    provider: ${name}\n    settings:\n${lines.join('')}`;
}

/**
 * `line` among those that `member` finds (its first group is what they are sorted by): before the first that is greater, else behind
 * the last, which takes `length` lines.
 */
function insertSorted(text, member, own, line, { wordOf = (word) => word, length = 1 } = {}) {
  const rows = text.split('\n');
  const members = rows.flatMap((row, at) => {
    const word = member.exec(row)?.[1];
    return word === undefined ? [] : [{ at, word: wordOf(word) }];
  });
  const greater = members.find(({ word }) => word > own)?.at;
  rows.splice(greater ?? (members.at(-1)?.at ?? 0) + length, 0, line);
  return rows.join('\n');
}

/** Changes the part of the text from the line `first` up to the next line `last`. */
function within(text, first, last, change) {
  const start = text.indexOf(`\n${first}\n`);
  const end = text.indexOf(`\n${last}`, start + first.length);
  return text.slice(0, start) + change(text.slice(start, end)) + text.slice(end);
}
