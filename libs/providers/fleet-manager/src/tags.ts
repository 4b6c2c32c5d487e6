import { Fault } from '@fleetgate/model';
import { labelsOfTags } from '@fleetgate/provider-kit';

/** The upstream keeps tags as one text; beyond that it is no tag any more but a text of its own, and nobody has tried. */
const longest = 4096;

/**
 * The tags of a cluster with labels merged in, `null` taking one off. Tags that the change does not name stay as somebody wrote
 * them, `env=prod` and `env:prod` alike.
 */
export function mergedTags(
  tags: string | null | undefined,
  labels: Readonly<Record<string, string | null>> | null,
): string {
  const present = (tags ?? '').split(',').map((tag) => tag.trim());
  // null in place of all labels takes off all of them.
  const kept =
    labels === null ? [] : present.filter((tag) => tag !== '' && !Object.hasOwn(labels, nameOf(tag)));
  const added = Object.entries(labels ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [tagOf(name, value)],
  );
  const merged = [...kept, ...added].join(', ');
  if (merged.length <= longest) return merged;
  throw new Fault('invalid', `the tags of a cluster have at most ${longest} characters`, { field: 'labels' });
}

function nameOf(tag: string): string {
  return Object.keys(labelsOfTags([tag]))[0] ?? tag;
}

/** Refuses what would not be read as the same label again. */
function tagOf(name: string, value: string): string {
  const tag = value === '' ? name : `${name}:${value}`;
  const read = labelsOfTags(tag);
  if (Object.keys(read).length === 1 && read[name] === value) return tag;
  const message = 'tags hold no commas, no white space at their ends, and in their names no ":" and no "="';
  throw new Fault('invalid', message, { field: `labels.${name}`.slice(0, 200) });
}
