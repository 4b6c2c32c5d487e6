/** Characters of a name that it is sorted and searched by. */
const sortLength = 256;

/** Text as the database can hold it: it has no place for NUL, nor for half a surrogate pair. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** What a name is sorted and searched by: in lower case, and short enough for an index. */
export function sortName(name: string): string {
  const cut = name.length > sortLength ? name.slice(0, sortLength).replace(/[\uD800-\uDBFF]$/, '') : name;
  return cleanText(cut.toLowerCase());
}

/** JSON text of a value, with what `cleanText` replaces replaced in every string of it. */
export function cleanJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Both come out of JSON.stringify as \u escapes only; most values have none and take the short way.
  if (!text.includes('\\u0000') && !text.includes('\\ud')) return text;
  return JSON.stringify(clean(value));
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [cleanText(name), clean(member)]));
}
