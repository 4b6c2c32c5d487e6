import { childTraceparent, newCall, newTraceparent } from '../src/call.ts';
import { systemClock } from '../src/clock.ts';
import { memoryTokens } from '../src/tokens.ts';
import { seeded, turn, VirtualClock } from './virtual-clock.ts';

const signal = new AbortController().signal;
const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
const traceOf = (traceparent: string) =>
  newCall({ requestId: 'r', traceparent, signal, random: seeded(1) }).traceparent;

describe('the trace context', () => {
  it('of a caller is kept', () => {
    expect(traceOf(given)).toBe(given);
  });

  it.each([
    ['nothing', ''],
    ['an all-zero trace', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['an all-zero parent', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['the forbidden version', given.replace(/^00/, 'ff')],
    ['more than version 00 has', `${given}-more`],
    ['upper case', given.toUpperCase()],
    ['a header that would begin another', `${given}\r\nx: y`],
  ])('that is %s is replaced by a new one', (_, text) => {
    expect(traceOf(text)).not.toBe(text);
    expect(traceOf(text)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('of a later version is taken as far as it is known', () => {
    const later = `${given.replace(/^00/, 'cc').replace(/00$/, 'ff')}-more`;
    expect(childTraceparent(later, seeded(1))).toMatch(
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-03$/,
    );
  });

  it('that is made is never all zeros', () => {
    expect(newTraceparent(() => 0)).toBe('00-00000000000000000000000000000001-0000000000000001-01');
  });
});

describe('the tokens of one process', () => {
  const clock = new VirtualClock();
  const token = (value: string, ms = 1_000) => ({ value, expiresAt: clock.now() + ms });

  it('are answered until they end', async () => {
    const tokens = memoryTokens(clock);
    await tokens.write('a', token('t'));
    expect((await tokens.read('a'))?.value).toBe('t');
    await clock.advance(1_000);
    expect(await tokens.read('a')).toBeUndefined();
  });

  it('are bounded, the one written first goes', async () => {
    const tokens = memoryTokens(clock, 2);
    for (const name of ['a', 'b', 'a', 'c']) await tokens.write(name, token(name));
    expect(await tokens.read('b')).toBeUndefined();
    expect([await tokens.read('a'), await tokens.read('c')]).toMatchObject([{ value: 'a' }, { value: 'c' }]);
  });

  it('are renewed by one at a time for each name, in order, also after a failure', async () => {
    const tokens = memoryTokens(clock);
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await turn();
      log.push(`${name} ends`);
      if (name === 'a1') throw new Error('refused');
    };
    await Promise.allSettled([
      tokens.exclusive('a', work('a1')),
      tokens.exclusive('b', work('b1')),
      tokens.exclusive('a', work('a2')),
      tokens.exclusive('a', work('a3')),
    ]);
    expect(log.filter((line) => line.startsWith('a'))).toEqual(
      ['a1', 'a2', 'a3'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(log.indexOf('b1 begins')).toBeLessThan(log.indexOf('a1 ends'));
  });
});

describe('the machine’s clock', () => {
  it('sleeps', async () => {
    const before = systemClock.now();
    await systemClock.sleep(20, signal);
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(15);
  });

  it('wakes with the reason of the signal', async () => {
    const caller = new AbortController();
    const sleep = systemClock.sleep(60_000, caller.signal);
    caller.abort('why');
    await expect(sleep).rejects.toBe('why');
    await expect(systemClock.sleep(60_000, caller.signal)).rejects.toBe('why');
  });
});
