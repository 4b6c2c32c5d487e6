import { Fault, type Key, keyText } from '@fleetgate/model';
import type { Call, ListInput, Operation, Page } from '@fleetgate/provider-spec';

export interface WalkOptions {
  /** cursor of the page to begin with, for a walk that goes on; absent: the first page */
  from?: string;
  /** items per page that the caller would like */
  limit?: number;
}

export interface Step<T> {
  readonly page: Page<T>;
  /** the cursor that this page was asked with, undefined for the first; a walk that is to go on after it starts from `page.next` */
  readonly cursor: string | undefined;
}

/**
 * Walks a list page by page, to its explicit end. Rejects with what `list` rejects with, and with `unexpected` when the
 * upstream's cursor stands still: the next cursor is the present one or an earlier one, or a page holds exactly what the page
 * before held (where it says that rows shifted under the walk: the second time). The page that shows it is not yielded. Memory is one page.
 */
export async function* walk<T extends { readonly key: Key }>(
  list: Operation<ListInput, Page<T>>,
  call: Call,
  { from, limit }: WalkOptions = {},
): AsyncGenerator<Step<T>, void, void> {
  const isRepeated = cursorGuard(from);
  let cursor = from;
  let keysBefore = '';
  let repeats = 0;
  do {
    const page: Page<T> = await list(
      { ...(cursor !== undefined && { cursor }), ...(limit && { limit }) },
      call,
    );
    const keys = page.items.map((item) => keyText(item.key)).join('\n');
    // Rows that shift can show a page once more, not again and again.
    repeats = keys !== '' && keys === keysBefore ? repeats + 1 : 0;
    if (repeats > (page.shifted ? 1 : 0) || (page.next !== undefined && isRepeated(page.next))) {
      throw new Fault(
        'unexpected',
        'the cursor stands still: the upstream repeats a page that it already gave',
      );
    }
    keysBefore = keys;
    yield { page, cursor };
    cursor = page.next;
  } while (cursor !== undefined);
}

/**
 * Brent's cycle detection: remembers one cursor, and moves on to the newest after 1, 2, 4, 8, … steps. A cycle is found after
 * at most a few times its own length.
 */
function cursorGuard(first: string | undefined): (next: string) => boolean {
  let remembered = first;
  let steps = 0;
  let stride = 1;
  return (next) => {
    if (next === remembered) return true;
    steps += 1;
    if (steps === stride) {
      remembered = next;
      steps = 0;
      stride *= 2;
    }
    return false;
  };
}
