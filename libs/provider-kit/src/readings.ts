import { Fault, type Key } from '@fleetgate/model';

/**
 * RFC 3339 in UTC with milliseconds, from what upstreams write: an ISO text with any offset and precision, or epoch
 * milliseconds. Go's zero time, an empty text and anything unreadable are null.
 */
export function instant(value: string | number | null | undefined): string | null {
  if (value === null || value === undefined || value === '') return null;
  const at = new Date(value);
  const year = at.getUTCFullYear();
  return Number.isNaN(at.getTime()) || year <= 1 || year > 9999 ? null : at.toISOString();
}

/** The unified word for an upstream's own; a word that the table does not know is `unknown`, and fails nothing. */
export function wordOf<Status extends string>(
  table: Readonly<Record<string, Status>>,
  word: string | number | null | undefined,
): Status | 'unknown' {
  if (word === null || word === undefined) return 'unknown';
  return Object.hasOwn(table, word) ? (table[word] as Status) : 'unknown';
}

/** Labels from what an upstream keeps beside its objects: texts stay, other plain values become text, the rest is left out. */
export function labelsOf(
  source: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(source ?? {})) {
    if (typeof value === 'string') labels[name] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') labels[name] = String(value);
  }
  return labels;
}

/** Labels from bare tags: `env:prod` and `env=prod` are name and value, a tag without either is a label with an empty value. */
export function labelsOfTags(tags: string | readonly string[] | null | undefined): Record<string, string> {
  const list = typeof tags === 'string' ? tags.split(',') : (tags ?? []);
  const labels: Record<string, string> = {};
  for (const tag of list.map((text) => text.trim()).filter((text) => text !== '')) {
    const cut = tag.search(/[:=]/);
    if (cut > 0) labels[tag.slice(0, cut).trim()] = tag.slice(cut + 1).trim();
    else labels[tag] = '';
  }
  return labels;
}

interface Parts {
  1: readonly [string];
  2: readonly [string, string];
}

/** The parts of a key that has exactly so many; any other key names nothing here: `not_found`. */
export function partsOf<N extends keyof Parts>(key: Key, count: N): Parts[N] {
  if (key.length !== count)
    throw new Fault('not_found', 'no such object: its key is not one the upstream could have given');
  return key as unknown as Parts[N];
}

/** The parts of the project's key, of an object that can only be made in a project. */
export function partsOfProject<N extends keyof Parts>(key: Key | undefined, count: N): Parts[N] {
  if (key) return partsOf(key, count);
  throw new Fault('invalid', 'it can only be made in a project', { field: 'project_id' });
}
