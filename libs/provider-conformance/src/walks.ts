import { type AnyRecord, keyText } from '@fleetgate/model';
import type { Facet } from '@fleetgate/provider-spec';
import type { Subject } from './subject.ts';

/** A walk of more pages than this does not end. */
const pageBound = 1000;

export interface Walked {
  readonly records: readonly AnyRecord[];
  readonly pages: number;
  readonly shifted: boolean;
}

/** Walks a list to its end, page by page; `between` runs after every page that has a next one. */
export async function walkAll(
  subject: Subject,
  facet: Facet<AnyRecord>,
  limit?: number,
  between?: (page: number) => Promise<void>,
): Promise<Walked> {
  const records: AnyRecord[] = [];
  let cursor: string | undefined;
  let shifted = false;
  for (let pages = 1; pages <= pageBound; pages += 1) {
    const page = await facet.list(
      { ...(cursor === undefined ? {} : { cursor }), ...(limit === undefined ? {} : { limit }) },
      subject.call(),
    );
    records.push(...page.items);
    shifted ||= page.shifted === true;
    if (page.next === undefined) return { records, pages, shifted };
    cursor = page.next;
    await between?.(pages);
  }
  throw new Error(`the walk did not end within ${pageBound} pages`);
}

export function keysOf(records: readonly AnyRecord[]): string[] {
  return records.map((record) => keyText(record.key));
}

/** Up to `count` of the items, spread over the whole list. */
export function sample<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  const picked: T[] = [];
  for (let at = 0; at < items.length && picked.length < count; at += step) {
    const item = items[Math.floor(at)];
    if (item !== undefined) picked.push(item);
  }
  return picked;
}
