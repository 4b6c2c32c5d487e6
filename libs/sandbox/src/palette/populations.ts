import type { World } from '../core/emulator.ts';
import { hexKeys } from '../core/keys.ts';
import type { Rows } from '../core/pages.ts';
import { type BuildContext, Population } from '../core/population.ts';
import type { ClusterClass } from './clusters.ts';
import { builtRows } from './paging.ts';

export const uidDigits = 24;

export type Counts = Record<'projects' | ClusterClass | 'deleted' | 'deployments' | 'groups', number>;

/** How many objects of each kind a scale means. */
export function countsOf(scale: number): Counts {
  const clusters = Math.round(scale * 0.6);
  const tenant = Math.max(1, Math.round(clusters * 0.1));
  const nested = Math.max(1, Math.round((clusters - tenant) * 0.2));
  return {
    projects: Math.max(3, Math.round(scale * 0.1)),
    tenant,
    nested,
    plain: Math.max(1, clusters - tenant - nested),
    deleted: Math.max(2, Math.round(clusters * 0.02)),
    deployments: Math.max(1, Math.round(scale * 0.3)),
    groups: Math.min(20, Math.max(2, Math.round(scale / 20))),
  };
}

/** A population whose objects are built with their uid. */
export function populate<T extends object>(
  world: World,
  name: string,
  seeded: number,
  build: (index: number, uid: string, context: BuildContext) => T,
): Population<T> {
  const seed = world.seedOf(name);
  const keys = hexKeys(seed, uidDigits);
  return new Population<T>({
    clock: world.clock,
    seed,
    seeded,
    keys,
    build: (index, context) => build(index, keys.keyOf(index), context),
  });
}

/** Object i of a population lies in project i modulo the seeded projects; those of one project, of the indexes below `end`. */
export function partOfProject<T extends object>(
  population: Population<T>,
  project: number,
  projects: number,
  end: number,
): Rows<T> {
  const indexes: number[] = [];
  if (project < projects) {
    for (let index = project; index < end; index += projects) {
      if (population.has(index)) indexes.push(index);
    }
  }
  return builtRows(indexes, (index) => population.byIndex(index));
}
