import { randomBytes } from 'node:crypto';
import { Keyring } from '../../src/sealing/keyring.ts';

const [older, newer] = [randomBytes(32), randomBytes(32)];
const before = new Keyring(older).sealed('secrets');
const during = new Keyring(newer, [older]).sealed('secrets');
const after = new Keyring(newer).sealed('secrets');

describe('a sealed text', () => {
  it('is opened under its name alone', () => {
    const bytes = before.seal('row-1', 'sëcret');
    expect(before.open('row-1', bytes)).toBe('sëcret');
    expect(before.open('row-2', bytes)).toBeUndefined();
    expect(new Keyring(older).sealed('cookies').open('row-1', bytes)).toBeUndefined();
  });

  it('can be empty, and is different each time', () => {
    expect(before.open('a', before.seal('a', ''))).toBe('');
    expect(before.seal('a', 'x').equals(before.seal('a', 'x'))).toBe(false);
  });

  it('that was changed in any one bit is not opened', () => {
    const bytes = before.seal('row-1', 'secret');
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at >> 3] = (changed[at >> 3] as number) ^ (1 << (at & 7));
      expect(before.open('row-1', changed)).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(before.open('row-1', bytes.subarray(0, length))).toBeUndefined();
    }
  });
});

describe('a new secret key', () => {
  it('opens what the one before has sealed as long as that is known, and seals under its own', () => {
    const old = before.seal('row', 'secret');
    expect(during.open('row', old)).toBe('secret');
    expect(during.isCurrent(old)).toBe(false);
    expect(after.open('row', old)).toBeUndefined();
    const fresh = during.seal('row', 'secret');
    expect(during.isCurrent(fresh)).toBe(true);
    expect(after.open('row', fresh)).toBe('secret');
    expect(before.open('row', fresh)).toBeUndefined();
  });

  it('is named by an id that says nothing about it', () => {
    const id = before.seal('row', 'secret').subarray(1, 5);
    expect(before.seal('other', 'text').subarray(1, 5)).toEqual(id);
    expect(older.includes(id)).toBe(false);
  });
});
