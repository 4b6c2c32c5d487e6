import type { Clock } from './clock.ts';
import type { World } from './emulator.ts';
import { uuidKeys } from './keys.ts';
import { hashText, randomFrom } from './random.ts';

export interface WorldOptions {
  name: string;
  clock: Clock;
  scale: number;
  seed: string;
}

export function makeWorld({ name, clock, scale, seed }: WorldOptions): World {
  const seedOf = (part: string): number => hashText(`${seed}/${name}/${part}`);
  const ids = uuidKeys(seedOf('ids'));
  let issued = 0;
  return {
    clock,
    scale,
    seed,
    seedOf,
    random: (part) => randomFrom(seedOf(part)),
    newId: () => {
      issued += 1;
      return ids.keyOf(issued);
    },
  };
}
