import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readVariables, unknownVariables } from '../../src/config/variables.ts';

const secretKey = Buffer.alloc(32, 7).toString('base64');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

it('a value comes out of the file that NAME_FILE names, without the white space around it', () => {
  const { variables, problems } = readVariables({
    FLEETGATE_DATABASE_URL_FILE: file('url', 'postgres://fleetgate:pass%40word@db/fleetgate\n'),
    FLEETGATE_SECRET_KEY_FILE: file('secret', `${secretKey}\n`),
    FLEETGATE_ROOT_KEY_FILE: file('root', '  a-root-key-of-enough-characters  \n'),
    FLEETGATE_PORT_FILE: '',
  });
  expect(problems).toEqual([]);
  expect(variables).toMatchObject({
    FLEETGATE_DATABASE_URL: 'postgres://fleetgate:pass%40word@db/fleetgate',
    FLEETGATE_SECRET_KEY: secretKey,
    FLEETGATE_ROOT_KEY: 'a-root-key-of-enough-characters',
    FLEETGATE_PORT: 8080,
  });
});

it('an empty file is as good as none', () => {
  expect(readVariables({ FLEETGATE_ROOT_KEY_FILE: file('root', '\n') })).toMatchObject({
    variables: { FLEETGATE_ROOT_KEY: undefined },
    problems: [],
  });
});

it('what is wrong is told by name, and what a file holds is not repeated', () => {
  const { problems } = readVariables({
    FLEETGATE_SECRET_KEY_FILE: file('secret', 'not-base64'),
    FLEETGATE_ROOT_KEY_FILE: join(folder, 'nowhere'),
    FLEETGATE_REDIS_URL_FILE: file('redis', 'redis://cache'),
    FLEETGATE_REDIS_URL: 'redis://other',
  });
  expect(problems).toEqual([
    'FLEETGATE_REDIS_URL_FILE is given together with FLEETGATE_REDIS_URL: one of them is enough',
    `FLEETGATE_ROOT_KEY_FILE cannot be read (ENOENT): ${join(folder, 'nowhere')}`,
    'FLEETGATE_SECRET_KEY must be 32 bytes in base64 (openssl rand -base64 32)',
  ]);
});

it('a file for a variable that is not known is not known either, and the configuration file has its own name', () => {
  const env = { FLEETGATE_PORT_FILE: 'x', FLEETGATE_PROT_FILE: 'x', FLEETGATE_CONFIG_FILE: 'x' };
  expect(unknownVariables(env, new Set())).toEqual([
    expect.stringMatching(/^FLEETGATE_CONFIG_FILE is not known: did you mean FLEETGATE_CONFIG\?/),
    expect.stringMatching(/^FLEETGATE_PROT_FILE is not known/),
  ]);
});
