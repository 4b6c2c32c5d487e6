import type { ReadyFacts } from './parent.ts';

/** What a person at a terminal wants to know first, when no launcher says it. */
export function banner({ url, docsUrl, rootKeyFile, sources }: ReadyFacts): string {
  const key = rootKeyFile === undefined ? '$FLEETGATE_ROOT_KEY' : `$(cat ${shellWord(rootKeyFile)})`;
  return [
    '',
    `  Fleetgate  ${url}`,
    `  docs       ${docsUrl}`,
    `  sources    ${sources.fresh} of ${sources.total} fresh`,
    `  try        curl -H "Authorization: Bearer ${key}" ${url}/v1/clusters`,
    '',
    '',
  ].join('\n');
}

function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
