import { type InRow, Row } from './row.ts';

/** Who waits, in order of arrival: callers, and syncs, for which nobody waits. */
export interface Lines<Waiter extends InRow<Waiter>> {
  readonly callers: Row<Waiter>;
  readonly syncs: Row<Waiter>;
  /** whose turn it is by their standing, were there only room enough; undefined: nobody can go before somebody leaves */
  next(): { waiter: Waiter; background: boolean; keep: number } | undefined;
  admitted(waiter: Waiter, background: boolean): void;
  left(background: boolean): void;
  /** true: a place is free, and no caller waits for it */
  isFree(): boolean;
  /** One goes that did not stand in line. */
  taken(): void;
  /** requests of a burst that are left to callers in line */
  readonly reserve: number;
}

/** the part of all places, and of a burst, that syncs leave free */
const freePart = 0.2;
/** so many callers go before a sync that waits; then it is its turn, so that it goes on under steady callers too */
const callersFirst = 4;

export function createLines<Waiter extends InRow<Waiter>>(concurrency: number, burst: number): Lines<Waiter> {
  const free = partOf(concurrency);
  const mostSyncs = concurrency === Number.POSITIVE_INFINITY ? concurrency : concurrency - free;
  const reserve = partOf(burst);
  const callers = new Row<Waiter>();
  const syncs = new Row<Waiter>();
  let underWay = 0;
  let syncsUnderWay = 0;
  let passedBy = 0;

  const syncMay = () => syncs.size > 0 && syncsUnderWay < mostSyncs;
  return {
    callers,
    syncs,
    next() {
      if (underWay >= concurrency) return undefined;
      const due = passedBy >= callersFirst;
      const caller = callers.first;
      if (caller !== undefined && !(due && syncMay())) return { waiter: caller, background: false, keep: 0 };
      const sync = syncs.first;
      if (sync === undefined || !syncMay()) return undefined;
      return { waiter: sync, background: true, keep: due ? 0 : reserve };
    },
    admitted(waiter, background) {
      (background ? syncs : callers).delete(waiter);
      underWay += 1;
      if (background) syncsUnderWay += 1;
      passedBy = background || !syncMay() ? 0 : passedBy + 1;
    },
    reserve,
    isFree: () => callers.size === 0 && underWay < concurrency,
    taken() {
      underWay += 1;
    },
    left(background) {
      underWay -= 1;
      if (background) syncsUnderWay -= 1;
    },
  };
}

/** Never nothing, where there is more than one; never all. */
function partOf(whole: number): number {
  return whole < 2 || whole === Number.POSITIVE_INFINITY ? 0 : Math.ceil(Math.floor(whole) * freePart);
}
