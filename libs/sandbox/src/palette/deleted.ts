import type { World } from '../core/emulator.ts';
import { hexKeys, type Keys } from '../core/keys.ts';
import { type Rows, rowsOf } from '../core/pages.ts';
import { hashAt, randomFrom } from '../core/random.ts';
import { asDeleted } from './cluster-forms.ts';
import { buildCluster, type ClusterPlace, type PaletteCluster } from './clusters.ts';
import { mappedRows } from './paging.ts';

/** Deleted clusters are shown that long, ms (documented). */
export const deletedShown = 72 * 60 * 60 * 1000;

const slotLimit = 0x100_0000;

/** Which clusters a call sees; null: the tenant's own and those of all projects. */
export type Scope = { uid: string; index: number } | null;

export interface DeletedSpec {
  world: World;
  /** How many seeded ones there are at any time. */
  slots: number;
  projects: number;
  uidDigits: number;
  projectRef(index: number): ClusterPlace['project'];
}

/**
 * The clusters that are still shown after their end: some seeded ones, and those that were removed at run time. Each seeded slot always
 * holds one: when its 72 hours are over, another one with another uid has just been deleted.
 */
export class DeletedClusters {
  private readonly spec: DeletedSpec;
  private readonly seed: number;
  private readonly keys: Keys;
  private readonly removed: { cluster: PaletteCluster; at: number }[] = [];

  constructor(spec: DeletedSpec) {
    this.spec = spec;
    this.seed = spec.world.seedOf('deleted');
    this.keys = hexKeys(this.seed, spec.uidDigits);
  }

  /** Takes in a cluster that lived until that time, ms. */
  bury(cluster: PaletteCluster, at: number): void {
    this.removed.push({ cluster, at });
  }

  find(uid: string): PaletteCluster | undefined {
    const buried = this.buried(null).find((cluster) => cluster.metadata.uid === uid);
    if (buried !== undefined) return buried;
    const value = this.keys.valueOf(uid);
    if (value === undefined || value % slotLimit >= this.spec.slots) return undefined;
    const found = this.inSlot(value % slotLimit);
    return found.metadata.uid === uid ? found : undefined;
  }

  /** None of the seeded ones is virtual. */
  seeded(scope: Scope): Rows<PaletteCluster> {
    const slots: number[] = [];
    for (let slot = 0; slot < this.spec.slots; slot += 1) {
      if (scope === null || this.projectOf(slot) === scope.index) slots.push(slot);
    }
    return mappedRows(rowsOf(slots), (slot) => this.inSlot(slot));
  }

  /** Those that were removed at run time. */
  buried(scope: Scope): PaletteCluster[] {
    const now = this.spec.world.clock.now();
    return this.removed
      .filter(({ at }) => now < at + deletedShown)
      .filter(({ cluster }) => scope === null || cluster.metadata.annotations['projectUid'] === scope.uid)
      .map(({ at, cluster }) => asDeleted(cluster, at));
  }

  /** Every tenth slot is the tenant's. */
  private projectOf(slot: number): number | null {
    return slot % 10 === 1 ? null : slot % this.spec.projects;
  }

  private inSlot(slot: number): PaletteCluster {
    const now = this.spec.world.clock.now();
    const age = now + (hashAt(this.seed, slot) % deletedShown);
    const value = Math.floor(age / deletedShown) * slotLimit + slot;
    const project = this.projectOf(slot);
    const place: ClusterPlace = {
      class: project === null ? 'tenant' : 'plain',
      uid: this.keys.keyOf(value),
      project: project === null ? null : this.spec.projectRef(project),
      groupUid: null,
    };
    const context = { now, addedAt: null, random: randomFrom(hashAt(this.seed, value)) };
    return asDeleted(buildCluster(slot, place, context), now - (age % deletedShown));
  }
}
