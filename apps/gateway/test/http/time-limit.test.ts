import { longestTimeLimit, timeLimitOf } from '../../src/http/time-limit.ts';

it.each([
  ['2', 2000],
  ['2.5', 2500],
  ['0.25', 250],
  ['800ms', 800],
  ['2.5s', 2500],
  ['1m', 60_000],
  [' 3 ', 3000],
  ['999999', longestTimeLimit],
  ['3m', longestTimeLimit],
])('%p is %p ms', (text, ms) => expect(timeLimitOf(text)).toBe(ms));

it.each([
  '',
  '0',
  '0.0001',
  '-1',
  '1h',
  '1 s',
  'soon',
  '1e3',
  'NaN',
  'Infinity',
  '0x10',
  '1,5',
  '2s2s',
  '9'.repeat(400),
])('%p says no time', (text) => expect(timeLimitOf(text)).toBeUndefined());
