import type { ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { everyItem, nestedList, offsetList, tokenList, wholeList } from '../src/index.ts';
import { call } from './fixtures.ts';

type List<T> = (input: ListInput, c: ReturnType<typeof call>) => Promise<Page<T>>;

async function walk<T>(list: List<T>, limit?: number, between?: (page: number) => void) {
  const items: T[] = [];
  let cursor: string | undefined;
  let shifted = false;
  let pages = 0;
  do {
    const page = await list({ ...(cursor ? { cursor } : {}), ...(limit ? { limit } : {}) }, call());
    items.push(...page.items);
    shifted ||= page.shifted ?? false;
    cursor = page.next;
    pages++;
    between?.(pages);
  } while (cursor !== undefined && pages < 1000);
  return { items, shifted, pages };
}

const listOver = (rows: number[], scheme = 'numbers') =>
  offsetList({
    scheme,
    pageSize: { default: 10, max: 20 },
    fetch: ({ offset, limit }) =>
      Promise.resolve({ items: rows.slice(offset, offset + limit), total: rows.length }),
  });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a list by offset', () => {
  it.each([1, 2, 3, 7, 20, 500, undefined])('is walked whole with limit %s', async (limit) => {
    const { items, shifted } = await walk(listOver(numbers(45)), limit);
    expect(items).toEqual(numbers(45));
    expect(shifted).toBe(false);
  });

  it('ends at once when it is empty', async () => {
    expect(await walk(listOver([]))).toEqual({ items: [], shifted: false, pages: 1 });
  });

  it('goes on after a short page, and says nothing of rows that were left out', async () => {
    const rows = numbers(30);
    const even = offsetList({
      scheme: 'even',
      pageSize: { default: 10, max: 20 },
      fetch: ({ offset, limit }) => {
        const received = rows.slice(offset, offset + Math.min(limit, 4));
        const items = received.filter((row) => row % 2 === 0);
        return Promise.resolve({ items, received: received.length, total: rows.length });
      },
    });
    const { items, shifted } = await walk(even);
    expect(items).toEqual(rows.filter((row) => row % 2 === 0));
    expect(shifted).toBe(false);
  });

  it('says so when a row vanished under the walk, since that hides another', async () => {
    const rows = numbers(30);
    const { items, shifted } = await walk(listOver(rows), 10, (page) => {
      if (page === 1) rows.splice(0, 1);
    });
    expect(items).not.toContain(10);
    expect(shifted).toBe(true);
  });

  it.each(['garbage', '', Buffer.from('["numbers",{"offset":-1}]').toString('base64url')])(
    'refuses the cursor %j',
    async (cursor) => {
      await expect(listOver(numbers(3))({ cursor }, call())).rejects.toMatchObject({
        code: 'invalid',
        field: 'cursor',
      });
    },
  );

  it("refuses another list's cursor", async () => {
    const { next } = await listOver(numbers(30), 'others')({}, call());
    await expect(listOver(numbers(30))({ cursor: next as string }, call())).rejects.toMatchObject({
      field: 'cursor',
    });
  });
});

describe('a list inside another', () => {
  const inner: Record<string, number[]> = { a: [1, 2, 3], b: [], c: [4], d: numbers(25).map((n) => n + 100) };
  const nested = (scopes: string[]) =>
    nestedList({
      scheme: 'nested',
      scope: z.string(),
      outer: offsetList({
        scheme: 'outer',
        pageSize: { default: 2, max: 2 },
        fetch: ({ offset, limit }) =>
          Promise.resolve({ items: scopes.slice(offset, offset + limit), total: scopes.length }),
      }),
      inner: (scope, input, c) => listOver(inner[scope] ?? [], `inner ${scope}`)(input, c),
    });

  it.each([1, 2, 3, undefined])('is walked as one with limit %s', async (limit) => {
    const { items } = await walk(nested(['a', 'b', 'c', 'd']), limit);
    expect(items).toEqual(['a', 'b', 'c', 'd'].flatMap((scope) => inner[scope] ?? []));
  });

  it('passes over many empty ones without ending, and without one endless page', async () => {
    const scopes = [...Array.from({ length: 50 }, (_, index) => `empty-${index}`), 'a'];
    const { items, pages } = await walk(nested(scopes));
    expect(items).toEqual([1, 2, 3]);
    expect(pages).toBeGreaterThan(1);
  });

  it('is empty when there is nothing outside', async () => {
    expect((await walk(nested([]))).items).toEqual([]);
  });
});

it('a list that comes whole has no second page', async () => {
  const list = wholeList(() => Promise.resolve([1, 2]));
  expect(await list({}, call())).toEqual({ items: [1, 2] });
  await expect(list({ cursor: 'x' }, call())).rejects.toMatchObject({ code: 'invalid', field: 'cursor' });
});

describe('every item of a list', () => {
  const even = (one: number) => one % 2 === 0;
  const moving = (moves: number) => {
    const rows = numbers(25);
    let left = moves;
    const list = listOver(rows);
    const asked = { walks: 0 };
    return {
      asked,
      list: async (input: ListInput, during: ReturnType<typeof call>) => {
        if (input.cursor === undefined) asked.walks += 1;
        const page = await list(input, during);
        // A row of the first page goes, so that one after it slips through.
        if (input.cursor === undefined && left > 0) rows.shift();
        if (input.cursor === undefined) left -= 1;
        return page;
      },
    };
  };

  it('is found over all its pages', async () => {
    expect(await everyItem(listOver(numbers(45)), even, call())).toEqual(numbers(45).filter(even));
  });

  it('is walked again while rows may have slipped through', async () => {
    const { list, asked } = moving(2);
    expect(await everyItem(list, even, call())).toEqual(numbers(25).filter((one) => even(one) && one > 1));
    expect(asked.walks).toBe(3);
  });

  it('is unavailable where they may have every time', async () => {
    const { list, asked } = moving(9);
    await expect(everyItem(list, even, call())).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked.walks).toBe(3);
  });
});

describe('a list by token', () => {
  const rows = numbers(45);
  /** Answers an empty page in the middle, as an upstream that filters after paging does. */
  const list = tokenList({
    scheme: 'tokens',
    pageSize: { default: 10, max: 20 },
    fetch: ({ token, limit }) => {
      const start = token === undefined ? 0 : Number(token.slice(1));
      const empty = token === 'e20';
      const end = empty ? start : Math.min(start + limit, rows.length);
      const next = end === 20 && !empty ? 'e20' : `t${end}`;
      return Promise.resolve({ items: rows.slice(start, end), next: end < rows.length ? next : '' });
    },
  });

  it.each([1, 2, 5, 20, 500, undefined])(
    'is walked to where there is no token, with limit %s',
    async (limit) => {
      const { items, shifted } = await walk(list, limit);
      expect(items).toEqual(rows);
      expect(shifted).toBe(false);
    },
  );

  it('refuses the cursor of another list', async () => {
    const { next } = await listOver(rows)({ limit: 5 }, call());
    await expect(list({ cursor: next as string }, call())).rejects.toMatchObject({
      code: 'invalid',
      field: 'cursor',
    });
  });
});
