import { randomBytes } from 'node:crypto';
import { Cursors } from '../../src/reading/cursor.ts';
import { Keyring } from '../../src/sealing/keyring.ts';

const secretKey = randomBytes(32);
const key = new Keyring(secretKey);
const list = '["root",{"kind":"cluster"}]';
const position = { value: 'näme "quoted"', id: 'cluster_abc' };

describe('cursors', () => {
  it('carry a position over to another replica with the same secret key', () => {
    expect(
      new Cursors(key).open(list, new Cursors(new Keyring(Buffer.from(secretKey))).seal(list, position)),
    ).toEqual(position);
  });

  it('of another list, or under another key, are refused by name', () => {
    const sealed = new Cursors(key).seal(list, position);
    for (const open of [
      () => new Cursors(key).open('["root",{"kind":"project"}]', sealed),
      () => new Cursors(new Keyring(randomBytes(32))).open(list, sealed),
    ]) {
      expect(open).toThrow(expect.objectContaining({ code: 'validation_error' }));
      expect(open).toThrow(/^cursor: /);
    }
  });

  it('go on under a new secret key as long as the one before is known', () => {
    const sealed = new Cursors(key).seal(list, position);
    const newer = randomBytes(32);
    expect(new Cursors(new Keyring(newer, [secretKey])).open(list, sealed)).toEqual(position);
    expect(() => new Cursors(new Keyring(newer)).open(list, sealed)).toThrow(/^cursor: /);
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
