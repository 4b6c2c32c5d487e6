import { Fault } from '@fleetgate/model';
import type { Call, Journal, StepResult } from '@fleetgate/provider-spec';
import { makeAmongNamesakes, removeInStep, step } from '../src/index.ts';
import { call } from './fixtures.ts';

/** A journal that keeps what was done. `loseAt` names a step whose answer is lost: it is looked for in place of it. */
function journal(kept: Map<string, StepResult>, loseAt?: string): Journal {
  return {
    stamp: `fg-${'0'.repeat(26)}`,
    async note(name, look, during) {
      if (!kept.has(name)) kept.set(name, await look(during));
      return kept.get(name) as Awaited<ReturnType<typeof look>>;
    },
    async step(name, work, during) {
      if (kept.has(name)) return kept.get(name) as Awaited<ReturnType<typeof work.make>>;
      const made = await work.make(during);
      const result = name === loseAt ? await work.find?.(during, 0) : made;
      if (result === undefined) throw new Fault('unavailable', 'the answer was lost');
      kept.set(name, result);
      return result;
    },
  };
}
const writing = (kept = new Map<string, StepResult>(), loseAt?: string): Call => ({
  ...call(),
  journal: journal(kept, loseAt),
});

it('a change outside of a write is a mistake in the program', () => {
  const work = { make: () => Promise.resolve(true), assumed: true };
  expect(() => step(call(), 'change', work)).toThrow('a call without a journal');
});

describe('making one among namesakes', () => {
  interface Thing {
    id: string;
    name: string;
    size: number;
  }
  const upstream: Thing[] = [];
  beforeEach(() => {
    upstream.length = 0;
    upstream.push({ id: '1', name: 'till', size: 3 }, { id: '2', name: 'other', size: 3 });
  });
  const add = async (size = 3) => {
    const id = String(upstream.length + 1);
    upstream.push({ id, name: 'till', size });
    return id;
  };
  const make = (during: Call, more: () => Promise<unknown> = async () => undefined) =>
    makeAmongNamesakes<Thing>(during, 'thing', {
      make: async () => {
        const id = await add();
        await more();
        return id;
      },
      namesakes: async () => upstream.filter(({ name }) => name === 'till'),
      idOf: ({ id }) => id,
      isSame: async ({ size }) => size === 3,
      assumed: 'new',
    });

  it('finds what a lost request has made, and not what was there before or is of other content', async () => {
    expect(await make(writing(new Map(), 'thing'), () => add(4))).toBe('3');
  });

  it('cannot tell it from another one that came at the same time', async () => {
    await expect(make(writing(new Map(), 'thing'), () => add())).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
  });

  it('remembers with the write what was there before', async () => {
    const kept = new Map<string, StepResult>([['thing: namesakes', ['1', '3']]]);
    await add(); // 3, before
    expect(await make(writing(kept, 'thing'))).toBe('4');
  });

  it('gives up where so many have that name that they cannot be remembered', async () => {
    for (let count = 0; count < 500; count += 1) await add();
    await expect(make(writing())).rejects.toMatchObject({ code: 'conflict' });
    expect(upstream).toHaveLength(502);
  });
});

describe('removing', () => {
  let there = true;
  beforeEach(() => {
    there = true;
  });
  const look = async () => {
    if (!there) throw new Fault('not_found', 'gone');
  };
  const send = async () => {
    there = false;
  };

  it('of what was not there to begin with is not_found, and sends nothing', async () => {
    there = false;
    const nothing = () => Promise.reject(new Error('sent'));
    await expect(removeInStep(writing(), 'thing', { look, send: nothing })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('is done where it is gone after a lost answer', async () => {
    const kept = new Map<string, StepResult>();
    await removeInStep(writing(kept, 'thing'), 'thing', { look, send });
    expect([there, kept.get('thing')]).toEqual([false, true]);
  });

  it('is not done where nobody can say', async () => {
    const silent = () => Promise.reject(new Fault('unavailable', 'no answer'));
    let looks = 0;
    const once = () => (looks++ === 0 ? Promise.resolve() : silent());
    const work = removeInStep(writing(new Map(), 'thing'), 'thing', { look: once, send });
    await expect(work).rejects.toMatchObject({ code: 'unavailable' });
  });
});
