import { requestIdOf } from '../../src/http/request-id.ts';

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it.each(['abcdefgh', 'A.b_c-1234', 'x'.repeat(128)])('takes %s', (id) => {
  expect(requestIdOf({ headers: { 'x-request-id': id } })).toBe(id);
});

it.each([
  undefined,
  '',
  'short',
  'x'.repeat(129),
  'with space 12',
  'semi;colon12',
  'a"b"c"d"e',
  'ümläut-1234',
])('makes a new one in place of %j', (id) => {
  expect(requestIdOf({ headers: id === undefined ? {} : { 'x-request-id': id } })).toMatch(uuidv7);
});

it('never makes the same one twice', () => {
  expect(new Set(Array.from({ length: 1000 }, () => requestIdOf({ headers: {} }))).size).toBe(1000);
});
