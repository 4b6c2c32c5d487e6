import { type Key, type Kind, keyText } from '@fleetgate/model';
import type { Subject } from './subject.ts';
import { keysOf, walkAll } from './walks.ts';

/** Keys like this one under which there is nothing. */
export async function keysOfNothing(subject: Subject, kind: Kind, key: Key): Promise<Key[]> {
  const listed = keysOf((await walkAll(subject, subject.facet(kind))).records);
  return unknownKeys(key).filter((one) => !listed.includes(keyText(one)));
}

/** Well formed but of nobody, of another form, with too few or too many parts, and such as try to reach another path. */
function unknownKeys(key: Key): Key[] {
  const [first, ...others] = key as readonly [string, ...string[]];
  const last = key.at(-1) as string;
  const withLast = (text: string): Key => [...key.slice(0, -1), text];
  return [
    withLast(changed(last)),
    withLast('no-such-object'),
    [...key, 'one-part-too-many'],
    ...(others.length > 0 ? [others, [changed(first), ...others]] : []),
    ...[`${last}?x=1`, `${last}#x`, `${last}/`, `./${last}`, `${last}/..`, `../${last}`].map(withLast),
    ...['..', '.', '%2e%2e', '*', ' ', 'ü', '\u0000'].map(withLast),
  ];
}

/** The same form with another last digit or letter. */
function changed(text: string): string {
  const other = text.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, (sign) => (sign === '0' ? '1' : '0'));
  return other === text ? `${text}0` : other;
}
