import { Fault, type Key } from '@fleetgate/model';
import type { ListInput, Operation, Page } from '@fleetgate/provider-spec';
import { newCall } from '../src/call.ts';
import { type WalkOptions, walk } from '../src/walk.ts';
import { faultOf } from './upstream.ts';

type Item = { key: Key };
const call = newCall({
  requestId: 'req-12345678',
  signal: new AbortController().signal,
  random: Math.random,
});

function page(keys: string, next?: string, shifted?: true): Page<Item> {
  const items = [...keys].map((key) => ({ key: [key] }));
  return { items, ...(next !== undefined && { next }), ...(shifted && { shifted }) };
}

function pages(of: (cursor: string | undefined) => Page<Item>) {
  const inputs: ListInput[] = [];
  const list: Operation<ListInput, Page<Item>> = async (input) => {
    inputs.push(input);
    return of(input.cursor);
  };
  return { list, inputs };
}

async function collect(list: Operation<ListInput, Page<Item>>, options?: WalkOptions): Promise<string> {
  let seen = '';
  for await (const step of walk(list, call, options)) {
    seen += step.page.items.map(({ key }) => key[0]).join('');
    if (seen.length > 10_000) throw new Error('endless');
  }
  return seen;
}

const standing = {
  name: 'Fault',
  code: 'unexpected',
  message: expect.stringContaining('the cursor stands still'),
};

describe('a walk', () => {
  const three: Record<string, Page<Item>> = { '': page('ab', '2'), 2: page('', '3'), 3: page('c') };
  const found = (cursor = '') => three[cursor] ?? page('?');

  it('goes to the explicit end, over an empty page too', async () => {
    const { list, inputs } = pages(found);
    expect(await collect(list, { limit: 2 })).toBe('abc');
    expect(inputs).toEqual([{ limit: 2 }, { cursor: '2', limit: 2 }, { cursor: '3', limit: 2 }]);
  });

  it('can go on from a cursor, and tells with each page the cursor that it was asked with', async () => {
    const { list } = pages(found);
    expect(await collect(list, { from: '2' })).toBe('c');
    const cursors: unknown[] = [];
    for await (const { cursor } of walk(list, call)) cursors.push(cursor);
    expect(cursors).toEqual([undefined, '2', '3']);
  });

  it('ends with the fault of a page', async () => {
    const list = () => Promise.reject(new Fault('unavailable', 'down'));
    expect(await faultOf(collect(list))).toMatchObject({ code: 'unavailable', message: 'down' });
  });

  it('asks for no page that nobody wants', async () => {
    const { list, inputs } = pages(found);
    for await (const _ of walk(list, call)) break;
    expect(inputs).toHaveLength(1);
  });
});

describe('a standing cursor', () => {
  it('that is the one just given is refused', async () => {
    const { list, inputs } = pages((cursor = '0') => page(cursor, '5'));
    expect(await faultOf(collect(list, { from: '5' }))).toEqual(standing);
    expect(inputs).toHaveLength(1);
  });

  it.each([1, 2, 3, 7, 50])('that comes back after a circle of %i is refused', async (length) => {
    let number = 0;
    // 20 pages ahead of the circle; all pages differ, so that only the cursor tells
    const { list, inputs } = pages((cursor = '0') => {
      const at = Number(cursor) + 1;
      number += 1;
      return page(String.fromCodePoint(0x4e00 + number), String(at >= 20 + length ? 20 : at));
    });
    expect(await faultOf(collect(list))).toEqual(standing);
    expect(inputs.length).toBeLessThan(4 * (20 + length));
  });

  it('that only pretends to move, giving one page for ever, is refused', async () => {
    const { list, inputs } = pages((cursor = '0') => page('abc', String(Number(cursor) + 3)));
    expect(await faultOf(collect(list))).toEqual(standing);
    expect(inputs).toHaveLength(2);
  });

  it('is not what rows make that moved under the walk', async () => {
    const { list } = pages((cursor = '0') =>
      cursor === '0' ? page('a', '1') : cursor === '1' ? page('a', '2', true) : page('b'),
    );
    expect(await collect(list)).toBe('aab');
  });

  it('is not what a thousand different pages make', async () => {
    const { list } = pages((cursor = '0') => {
      const at = Number(cursor) + 1;
      return page(String.fromCodePoint(0x4e00 + at), at < 1_000 ? String(at) : undefined);
    });
    expect(await collect(list)).toHaveLength(1_000);
  });
});
