import { Fault, type FaultCode } from '@fleetgate/model';
import type { Call, Step } from '@fleetgate/provider-spec';
import { createJournal, type JournalStore, memoryJournal, newCall } from '../src/index.ts';
import { VirtualClock } from './virtual-clock.ts';

const stamp = `fg-${'a'.repeat(26)}`;
const settleMs = 5_000;
const call = (signal: AbortSignal = new AbortController().signal): Call =>
  newCall({ requestId: 'req-12345678', signal, random: Math.random });

/** What a test says a step comes to, turn by turn; `said` is what happened, in order. */
function scene(clock = new VirtualClock(true)) {
  const said: string[] = [];
  const journal = memoryJournal({ stamp, clock, settleMs });
  const turn = (what: string, outcomes: (string | Error | undefined)[]) => async () => {
    said.push(what);
    const outcome = outcomes.shift();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const step = (
    makes: (string | Error)[],
    finds?: (string | Error | undefined)[],
    idempotent = false,
  ): Step<string> => ({
    make: turn('make', makes) as () => Promise<string>,
    ...(finds ? { find: turn('find', finds) } : {}),
    idempotent,
    assumed: 'assumed',
  });
  const run = (one: Step<string>, during = call()) => journal.step('one', one, during);
  const state = () => journal.steps.get('one')?.state;
  return { clock, journal, said, step, run, state };
}

const lost = () => new Fault('unavailable', 'cut off');
const refused = (code: FaultCode = 'invalid') => new Fault(code, 'refused');
const unsent = () => new Fault('unavailable', 'no connection', { sent: false });
const coded = (code: FaultCode) => expect.objectContaining({ code });

describe('a step that was never begun', () => {
  it('is made once, and its result is given ever after', async () => {
    const { run, step, said } = scene();
    expect(await run(step(['made']))).toBe('made');
    expect(await run(step(['again'], ['found']))).toBe('made');
    expect(said).toEqual(['make']);
  });

  it.each<FaultCode>([
    'invalid',
    'unauthenticated',
    'forbidden',
    'not_found',
    'conflict',
    'rate_limited',
    'unsupported',
  ])('and is refused as %s did nothing: it is forgotten, and can be made again', async (code) => {
    const { run, step, state, said } = scene();
    await expect(run(step([refused(code)], []))).rejects.toEqual(coded(code));
    expect(state()).toBeUndefined();
    expect(await run(step(['made']))).toBe('made');
    expect(said).toEqual(['make', 'make']);
  });

  it('and never reached the upstream did nothing', async () => {
    const { run, step, state, said } = scene();
    await expect(run(step([unsent()]))).rejects.toEqual(coded('unavailable'));
    expect(state()).toBeUndefined();
    expect(said).toEqual(['make']);
  });

  it.each<FaultCode>(['unavailable', 'timeout', 'unexpected'])(
    'and ends as %s is looked for at once',
    async (code) => {
      const { run, step, state, said, clock } = scene();
      expect(await run(step([new Fault(code, 'no answer')], ['found']))).toBe('found');
      expect([state(), said, clock.slept]).toEqual(['done', ['make', 'find'], []]);
    },
  );

  it('and is not found then ends with its own failure, and may still take effect', async () => {
    const { run, step, state, said } = scene();
    await expect(run(step([lost()], [undefined]))).rejects.toEqual(coded('unavailable'));
    expect([state(), said]).toEqual(['begun', ['make', 'find']]);
  });

  it('and cannot be looked for then ends with its own failure', async () => {
    const { run, step, state } = scene();
    await expect(run(step([lost()], [new Fault('timeout', 'nor that')]))).rejects.toEqual(
      coded('unavailable'),
    );
    expect(state()).toBe('begun');
  });

  it('and cannot be told apart then is unknown', async () => {
    const { run, step, state } = scene();
    const unknown = new Fault('outcome_unknown', 'one of two');
    await expect(run(step([lost()], [unknown]))).rejects.toBe(unknown);
    expect(state()).toBe('begun');
  });

  it('and has no way to be looked for is unknown', async () => {
    const { run, step, state } = scene();
    const cause = lost();
    await expect(run(step([cause]))).rejects.toMatchObject({
      code: 'outcome_unknown',
      message: expect.stringContaining('"one"'),
      cause,
    });
    expect(state()).toBe('begun');
  });

  it('and can be made again at will ends with its own failure', async () => {
    const { run, step, said } = scene();
    await expect(run(step([lost()], undefined, true))).rejects.toEqual(coded('unavailable'));
    expect(await run(step(['made'], undefined, true))).toBe('made');
    expect(said).toEqual(['make', 'make']);
  });

  it('and fails by a bug may have taken effect', async () => {
    const { run, step, state } = scene();
    await expect(run(step([new TypeError('a bug')], [undefined]))).rejects.toThrow('a bug');
    expect(state()).toBe('begun');
  });
});

describe('a step that was begun before', () => {
  /** A process that ended before it had an answer. */
  async function begun(clock?: VirtualClock) {
    const one = scene(clock);
    await one.run(one.step([lost()], [undefined])).catch(() => undefined); // it is begun, which is what the tests start from
    one.said.length = 0;
    return one;
  }

  it('is looked for before anything is sent', async () => {
    const { run, step, state, said } = await begun();
    expect(await run(step([], ['found']))).toBe('found');
    expect([state(), said]).toEqual(['done', ['find']]);
  });

  it('is looked for again while it may still be on its way', async () => {
    const { run, step, said, clock } = await begun();
    expect(await run(step([], [undefined, undefined, 'found']))).toBe('found');
    expect(said).toEqual(['find', 'find', 'find']);
    expect(clock.slept).toEqual([500, 500]);
  });

  it('is made again only once it can no longer take effect', async () => {
    const { run, step, said, clock } = await begun();
    const from = clock.now();
    expect(await run(step(['made'], Array(20).fill(undefined)))).toBe('made');
    expect(clock.now() - from).toBe(settleMs);
    expect(said).toEqual([...Array(11).fill('find'), 'make']);
  });

  it('is looked for once more when a look began while it could take effect, and ended after that', async () => {
    const { clock, run, step, said } = await begun();
    let looks = 0;
    const slow: Step<string> = {
      ...step(['made twice']),
      async find(during) {
        looks += 1;
        if (looks > 1) return 'found';
        await clock.sleep(settleMs + 1, during.signal); // it has read where the thing was not yet
        return undefined;
      },
    };
    expect(await run(slow)).toBe('found');
    expect(said).toEqual([]);
  });

  it('can take effect for as long after its latest attempt, and is known by when the first one began', async () => {
    const clock = new VirtualClock(true);
    const first = clock.now();
    const { run, step } = await begun(clock);
    await run(step([lost()], Array(20).fill(undefined))).catch(() => undefined); // a second attempt, lost as well
    const second = clock.now();
    const begunAt: number[] = [];
    const watched: Step<string> = {
      ...step(['made']),
      find: async (_call, at) => {
        begunAt.push(at);
        return undefined;
      },
    };
    expect(await run(watched)).toBe('made');
    expect(clock.now() - second).toBe(settleMs);
    expect(new Set(begunAt)).toEqual(new Set([first]));
  });

  it('is not waited for when it can be made again at will', async () => {
    const { run, step, said, clock } = await begun();
    expect(await run(step(['made'], [undefined], true))).toBe('made');
    expect([said, clock.slept]).toEqual([['find', 'make'], []]);
  });

  it('is made again without a look when it can be made again at will, and gives no way to look', async () => {
    const { run, step, said } = await begun();
    expect(await run(step(['made'], undefined, true))).toBe('made');
    expect(said).toEqual(['make']);
  });

  it('is never sent again when there is no way to look', async () => {
    const { run, step, state, said } = await begun();
    await expect(run(step(['made']))).rejects.toEqual(coded('outcome_unknown'));
    expect([state(), said]).toEqual(['begun', []]);
  });

  it('is not sent while the look fails', async () => {
    const { run, step, state, said } = await begun();
    await expect(run(step(['made'], [new Fault('timeout', 'no answer')]))).rejects.toEqual(coded('timeout'));
    expect([state(), said]).toEqual(['begun', ['find']]);
  });

  it('is looked for once more when it is refused, because that may be of what was made', async () => {
    const { run, step, state } = await begun();
    const finds = [...Array(11).fill(undefined), 'found after all'];
    expect(await run(step([refused('conflict')], finds))).toBe('found after all');
    expect(state()).toBe('done');
  });

  it('is forgotten when it is refused and certainly not there', async () => {
    const { run, step, state } = await begun();
    await expect(run(step([refused()], Array(12).fill(undefined)))).rejects.toEqual(coded('invalid'));
    expect(state()).toBeUndefined();
  });

  it('stays begun when it is refused and nobody waited for the first attempt', async () => {
    const { run, step, state } = await begun();
    await expect(run(step([refused()], [undefined, undefined], true))).rejects.toEqual(coded('invalid'));
    expect(state()).toBe('begun');
  });

  it('ends with its call while it is waited for', async () => {
    const clock = new VirtualClock();
    const { run, step, said } = await begun(clock);
    const leaving = new AbortController();
    const work = run(step(['made'], [undefined, 'found']), call(leaving.signal));
    const ended = expect(work).rejects.toThrow('gone');
    await clock.advance(100);
    leaving.abort(new Error('gone'));
    await ended;
    expect(said).toEqual(['find']);
  });
});

describe('a note', () => {
  it('is what was found first, however often it is asked for, and is no step that is begun', async () => {
    const written = memoryJournal({ stamp, clock: new VirtualClock(true) });
    const found = ['before', 'after'];
    const look = () => Promise.resolve(found.shift() as string);
    expect(await written.note('state', look, call())).toBe('before');
    expect(await written.note('state', look, call())).toBe('before');
    expect(found).toEqual(['after']);
  });

  it('is not kept when the look fails', async () => {
    const written = memoryJournal({ stamp, clock: new VirtualClock(true) });
    await expect(written.note('state', () => Promise.reject(refused()), call())).rejects.toEqual(
      coded('invalid'),
    );
    expect(written.steps.size).toBe(0);
    expect(await written.note('state', () => Promise.resolve('now'), call())).toBe('now');
  });
});

describe('a journal', () => {
  const store = (more: Partial<JournalStore>): JournalStore => ({
    read: async () => undefined,
    begin: async () => undefined,
    finish: async () => undefined,
    note: async () => undefined,
    refuse: async () => undefined,
    ...more,
  });
  const journal = (more: Partial<JournalStore>) =>
    createJournal({ stamp, store: store(more), clock: new VirtualClock(true) });

  it('sends nothing before it is written down that it will', async () => {
    const { step, said } = scene();
    const down = journal({ begin: () => Promise.reject(new Error('the database is down')) });
    await expect(down.step('one', step(['made']), call())).rejects.toThrow('the database is down');
    expect(said).toEqual([]);
  });

  it('does not pass over a result that it could not keep', async () => {
    const { step } = scene();
    const down = journal({ finish: () => Promise.reject(new Error('the database is down')) });
    await expect(down.step('one', step(['made']), call())).rejects.toThrow('the database is down');
  });

  it('keeps its steps apart', async () => {
    const { journal: one, step } = scene();
    expect(await one.step('first', step(['a']), call())).toBe('a');
    expect(await one.step('second', step(['b']), call())).toBe('b');
    expect([...one.steps.keys()]).toEqual(['first', 'second']);
    expect(one.stamp).toBe(stamp);
  });
});
