import { randomBytes } from 'node:crypto';
import { Cursors } from '../../src/reading/cursor.ts';

const key = randomBytes(32);
const list = '["root",{"kind":"cluster"}]';
const position = { value: 'näme "quoted"', id: 'cluster_abc' };

describe('cursors', () => {
  it('carry a position over to another replica with the same secret key', () => {
    expect(new Cursors(key).open(list, new Cursors(Buffer.from(key)).seal(list, position))).toEqual(position);
  });

  it('of another list, or under another key, are refused by name', () => {
    const sealed = new Cursors(key).seal(list, position);
    for (const open of [
      () => new Cursors(key).open('["root",{"kind":"project"}]', sealed),
      () => new Cursors(randomBytes(32)).open(list, sealed),
    ]) {
      expect(open).toThrow(expect.objectContaining({ code: 'validation_error' }));
      expect(open).toThrow(/^cursor: /);
    }
  });

  it('that were changed in any one character are refused', () => {
    const cursors = new Cursors(key);
    const sealed = cursors.seal(list, position);
    for (let at = 0; at < sealed.length - 1; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      expect(() => cursors.open(list, sealed.slice(0, at) + other + sealed.slice(at + 1))).toThrow(
        /^cursor: /,
      );
    }
  });

  it.each(['', 'x', '%%%', 'A'.repeat(22), 'A'.repeat(5000)])('are not made of %j', (text) => {
    expect(() => new Cursors(key).open(list, text)).toThrow(/^cursor: /);
  });
});
