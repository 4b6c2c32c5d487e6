import { allFacets, defaultFacets } from './facets.mjs';
import { Refusal } from './refusal.mjs';

export const auths = ['static', 'login', 'oauth2-client'];
export const pagings = ['offset', 'page', 'token', 'none'];

/** Marks, among the nx tags of its package.json, what --remove may take away again. */
export const mark = 'made:new-provider';

/** Names that the generated code, or the sandbox, has a use of its own for. */
const spoken = [
  ...allFacets.map(({ facet }) => facet),
  ...['core', 'writes', 'credentials', 'emulators', 'options', 'page', 'resource', 'refusal', 'refused'],
  ...['break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete', 'do', 'else'],
  ...['enum', 'export', 'extends', 'false', 'finally', 'for', 'function', 'if', 'import', 'in', 'instanceof'],
  ...['new', 'null', 'return', 'super', 'switch', 'this', 'throw', 'true', 'try', 'typeof', 'var', 'void'],
  ...['while', 'with', 'yield', 'let', 'static', 'await', 'async', 'of', 'interface', 'package', 'private'],
];

/**
 * What is to be made, checked: one `Refusal` that names everything that is wrong.
 * @param exists whether a path of the house is there
 */
export function planOf({ name, title, facets = defaultFacets, auth = 'static', paging = 'offset' }, exists) {
  const chosen = facets.map((word) => word.trim()).filter((word) => word !== '');
  const known = chosen.map((word) => allFacets.find(({ facet, file }) => word === facet || word === file));
  const problems = [
    ...nameProblems(name),
    ...takenProblems(name, exists),
    ...chosen.flatMap((word, at) =>
      known[at]
        ? []
        : [`--facets knows no "${word}": it takes ${allFacets.map(({ file }) => file).join(', ')}`],
    ),
    ...(chosen.length === 0 ? ['--facets names none'] : []),
    ...wordProblems('--auth', auth, auths),
    ...wordProblems('--paging', paging, pagings),
    ...(title !== undefined && !/^[\p{L}\p{N}][^\\'`$\n]{0,60}$/u.test(title)
      ? ['--title must be a short text without quotes']
      : []),
  ];
  const wanted = allFacets.filter((facet) => known.includes(facet));
  const has = Object.fromEntries(allFacets.map((facet) => [facet.facet, wanted.includes(facet)]));
  if (has.releases && !has.deployments) problems.push('--facets: releases belong to deployments; name both');
  if (problems.length > 0) throw new Refusal(problems);
  const words = name.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return {
    name,
    title: title ?? words.join(' '),
    pascal: words.join(''),
    camel: camelOf(name),
    auth,
    paging,
    facets: wanted,
    has,
    mark,
  };
}

/** `acme-cloud` → `acmeCloud` */
export function camelOf(name) {
  return name.replace(/-([a-z0-9])/g, (_, sign) => sign.toUpperCase());
}

export function nameProblems(name) {
  if (!name) return ['name the provider: npm run new:provider -- acme-cloud'];
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    return [
      `"${name}" is no name for a provider: up to 40 lower-case letters and digits, in words joined by hyphens`,
    ];
  }
  return spoken.includes(camelOf(name)) ? [`"${name}" is taken: the code has a use of its own for it`] : [];
}

function takenProblems(name, exists) {
  if (nameProblems(name).length > 0) return [];
  return [`libs/providers/${name}`, `libs/sandbox/src/${name}`, `libs/provider-${name}`]
    .filter((folder) => exists(folder))
    .map((folder) => `"${name}" is taken: there is a ${folder}`);
}

function wordProblems(option, word, words) {
  return words.includes(word) ? [] : [`${option} takes ${words.join(', ')}, not "${word}"`];
}
