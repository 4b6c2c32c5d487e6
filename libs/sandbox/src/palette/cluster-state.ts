import type { World } from '../core/emulator.ts';
import { type Rows, rowsOf } from '../core/pages.ts';
import type { Population } from '../core/population.ts';
import { buildCluster, type ClusterClass, type ClusterPlace, type PaletteCluster } from './clusters.ts';
import { DeletedClusters, type Scope } from './deleted.ts';
import { buildOrderedCluster } from './ordered-clusters.ts';
import type { Orders } from './orders.ts';
import { joinRows } from './paging.ts';
import { type Counts, partOfProject, populate, uidDigits } from './populations.ts';
import type { ClusterFilter, Common } from './search.ts';

interface ClusterList {
  common: Common;
  rows: Rows<PaletteCluster>;
}

export interface ClusterSpec {
  world: World;
  counts: Counts;
  orders: Orders;
  projectRef(index: number): NonNullable<ClusterPlace['project']>;
  groupUid(index: number): string;
}

/** All clusters: seeded ones, those that were ordered, and those that are deleted and still shown. */
export class PaletteClusters {
  private readonly some: Readonly<Record<ClusterClass | 'ordered', Population<PaletteCluster>>>;
  private readonly spec: ClusterSpec;
  private readonly deleted: DeletedClusters;
  private added = 0;

  constructor(spec: ClusterSpec) {
    this.spec = spec;
    const { world, counts, orders, projectRef } = spec;
    this.some = {
      tenant: this.seeded('tenant'),
      plain: this.seeded('plain'),
      nested: this.seeded('nested'),
      ordered: populate(world, 'cluster ordered', 0, (index, uid, context) => {
        const order = orders.clusters[index];
        if (order === undefined) throw new RangeError(`no cluster ${index} was ordered`);
        return orders.clusterNow(buildOrderedCluster(order, uid, context));
      }),
    };
    this.deleted = new DeletedClusters({
      world,
      slots: counts.deleted,
      projects: counts.projects,
      uidDigits,
      projectRef,
    });
  }

  /** Live ones. */
  get size(): number {
    return Object.values(this.some).reduce((sum, some) => sum + some.size, 0);
  }

  /** Adds some from nowhere, in the seeded projects. */
  add(count: number): string[] {
    this.added += count;
    return this.some.plain.add(count);
  }

  /** The uid of the cluster that the latest of the orders makes. */
  addOrdered(): string {
    return this.some.ordered.add(1)[0] ?? '';
  }

  touch(uid: string, change: Record<string, unknown>): boolean {
    return Object.values(this.some).some((some) => some.touch(uid, change));
  }

  /** Makes a live cluster a deleted one, at that time (ms). False: there is none. */
  takeAway(uid: string, at: number): boolean {
    this.spec.orders.departures.end(uid);
    const cluster = this.any(uid);
    if (cluster === undefined || !Object.values(this.some).some((some) => some.remove(uid))) return false;
    this.deleted.bury(cluster, at);
    return true;
  }

  /** All of a scope that pass, deleted ones last. O(page) where the filter only asks for isDeleted and nested or not. */
  search(scope: Scope, filter: ClusterFilter): Rows<PaletteCluster> {
    return joinRows(
      this.lists(scope).flatMap(({ common, rows }) => {
        const verdict = filter.ofAll(common);
        if (verdict === false) return [];
        if (verdict === true) return [rows];
        const passing = rows.slice(0, rows.size).filter((one) => filter.of(one, common.isDeleted));
        return [rowsOf(passing)];
      }),
    );
  }

  /** The scope's own live ones: for the tenant, those in no project. */
  own(scope: Scope): PaletteCluster[] {
    if (scope === null) {
      const { tenant, ordered } = this.some;
      return [...tenant.slice(0, tenant.size), ...ordered.filter((cluster) => projectOf(cluster) === null)];
    }
    return this.lists(scope)
      .filter((list) => !list.common.isDeleted)
      .flatMap((list) => list.rows.slice(0, list.rows.size));
  }

  /** One of the scope itself, deleted ones for their 72 hours too. */
  find(uid: string, scope: Scope): PaletteCluster | undefined {
    const found = this.any(uid) ?? this.deleted.find(uid);
    return found !== undefined && projectOf(found) === (scope?.uid ?? null) ? found : undefined;
  }

  /** A live one, of whatever scope. */
  any(uid: string): PaletteCluster | undefined {
    const { nested, plain, tenant, ordered } = this.some;
    return nested.get(uid) ?? plain.get(uid) ?? tenant.get(uid) ?? ordered.get(uid);
  }

  /** A seeded one by its number. */
  seededAt(kind: ClusterClass, index: number): { uid: string; cluster: PaletteCluster | undefined } {
    return { uid: this.some[kind].keyAt(index), cluster: this.some[kind].byIndex(index) };
  }

  private lists(scope: Scope): ClusterList[] {
    const { tenant, plain, nested } = this.some;
    const { counts } = this.spec;
    const live = { isDeleted: false, nested: false };
    const virtual = { ...live, nested: true };
    const part = (population: Population<PaletteCluster>, end: number) =>
      partOfProject(population, scope?.index ?? 0, counts.projects, end);
    const seeded =
      scope === null
        ? [
            { common: live, rows: tenant },
            { common: live, rows: plain },
            { common: virtual, rows: nested },
          ]
        : [
            { common: live, rows: part(plain, counts.plain + this.added) },
            { common: virtual, rows: part(nested, counts.nested) },
          ];
    const ordered = this.some.ordered.filter((one) => scope === null || projectOf(one) === scope.uid);
    return [
      ...seeded,
      ...byNesting(ordered, false),
      { common: { isDeleted: true, nested: false }, rows: this.deleted.seeded(scope) },
      ...byNesting(this.deleted.buried(scope), true),
    ];
  }

  private seeded(kind: ClusterClass): Population<PaletteCluster> {
    const { world, counts, orders, projectRef, groupUid } = this.spec;
    return populate(world, `cluster ${kind}`, counts[kind], (index, uid, context) =>
      orders.clusterNow(
        buildCluster(
          index,
          {
            class: kind,
            uid,
            project: kind === 'tenant' ? null : projectRef(index % counts.projects),
            groupUid: kind === 'nested' ? groupUid(index % 2) : null,
          },
          context,
        ),
      ),
    );
  }
}

function byNesting(clusters: readonly PaletteCluster[], isDeleted: boolean): ClusterList[] {
  return [false, true].map((nested) => ({
    common: { isDeleted, nested },
    rows: rowsOf(clusters.filter((one) => (one.spec.cloudType === 'nested') === nested)),
  }));
}

export function projectOf(cluster: PaletteCluster): string | null {
  return cluster.metadata.annotations['projectUid'] ?? null;
}
