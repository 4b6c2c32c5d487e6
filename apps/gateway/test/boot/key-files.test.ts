import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.ts';
import { keptKey, rootKeyKind, secretKeyKind } from '../../src/config/key-files.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-keys-'));
  file = join(folder, 'data', 'root.key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a kept key', () => {
  it('is made with its folder, whole and private, and nothing is left beside it', () => {
    const key = keptKey(file, rootKeyKind);
    expect(readFileSync(file, 'utf8')).toBe(`${key}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'data'))).toEqual(['root.key']);
  });

  it('is the same for all of many processes that start at once', async () => {
    const program = join(__dirname, 'key-maker.mjs');
    const makers = Array.from({ length: 4 }, () =>
      fork(program, [file], {
        execArgv: ['--conditions=@fleetgate/source'],
        env: { PATH: process.env['PATH'] },
      }),
    );
    await Promise.all(makers.map((maker) => once(maker, 'message')));
    const answers = makers.map((maker) => once(maker, 'message'));
    for (const maker of makers) maker.send('go');
    const keys = (await Promise.all(answers)).map(([key]) => key as string);
    await Promise.all(makers.map((maker) => (maker.exitCode === null ? once(maker, 'exit') : undefined)));
    expect(new Set(keys)).toEqual(new Set([readFileSync(file, 'utf8').trim()]));
    expect(readdirSync(join(folder, 'data'))).toEqual(['root.key']);
  });

  it('that others could read is closed to them', () => {
    const key = keptKey(file, secretKeyKind);
    chmodSync(file, 0o644);
    expect(keptKey(file, secretKeyKind)).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['an empty file', ''],
    ['half a key', 'AAAA'],
    ['something else', 'not a key at all, by no means'],
  ])('is not replaced when the file holds %s', (_, text) => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(file, text);
    expect(() => keptKey(file, secretKeyKind)).toThrow(ConfigError);
    expect(() => keptKey(file, secretKeyKind)).toThrow(
      /root\.key holds no valid key: put the right one back/,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('whose place a folder has taken is one clear line', () => {
    mkdirSync(file, { recursive: true, mode: 0o700 });
    expect(() => keptKey(file, rootKeyKind)).toThrow(/is a folder, where a key should be/);
  });
});
