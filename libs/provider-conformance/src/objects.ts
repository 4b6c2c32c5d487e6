import type { Key, Kind } from '@fleetgate/model';
import type { KindOptions } from './options.ts';
import type { UpstreamUnderTest } from './upstream.ts';

/** The objects of an upstream as its control handles them, in terms of our kinds and keys. */
export interface Objects {
  /** the name that the control has for an object */
  nameOf(kind: Kind, key: Key): string;
  size(kind: Kind): number;
  add(kind: Kind, count: number): void;
  /** false: the control finds none */
  remove(kind: Kind, key: Key): boolean;
  /** false: the control finds none */
  touch(kind: Kind, key: Key, change: Record<string, unknown>): boolean;
}

export function objectsOf(
  { control }: UpstreamUnderTest,
  options: Partial<Record<Kind, KindOptions>>,
): Objects {
  const kindOf = (kind: Kind): Kind => options[kind]?.controlKind ?? kind;
  const nameOf: Objects['nameOf'] = (kind, key) => options[kind]?.controlKey?.(key) ?? (key.at(-1) as string);
  return {
    nameOf,
    size: (kind) => control.size(kindOf(kind)),
    add: (kind, count) => {
      control.add(kindOf(kind), count);
    },
    remove: (kind, key) => control.remove(kindOf(kind), nameOf(kind, key)),
    touch: (kind, key, change) => control.touch(kindOf(kind), nameOf(kind, key), change),
  };
}
