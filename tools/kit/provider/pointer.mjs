import { Refusal } from './refusal.mjs';

/** What a reference of an OpenAPI document leads to, within it. */
export function resolve(document, reference) {
  const parts = reference.replace(/^#\//, '').split('/');
  const found = parts.reduce(
    (node, part) => node?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')],
    document,
  );
  if (!reference.startsWith('#/') || found === undefined) {
    throw new Refusal([`--openapi: ${reference} leads nowhere within the file`]);
  }
  return found;
}
