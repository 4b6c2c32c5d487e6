import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { House } from './house.ts';

const generator = 'tools/kit/new-provider.mjs';

/** Every way to sign in and every way to page, over all facets. */
const made = [
  { name: 'acme-one', auth: 'static', paging: 'offset', facets: 'projects' },
  { name: 'acme-two', auth: 'login', paging: 'page', facets: 'cluster-groups' },
  { name: 'acme-three', auth: 'oauth2-client', paging: 'token', facets: 'clusters' },
  { name: 'zeta-4', auth: 'static', paging: 'none', facets: 'deployments,releases' },
];
interface Report {
  conforms: boolean;
  passed: number;
  failed: number;
  deviations: unknown[];
}

const names = made.map(({ name }) => name);

let house: House;
let untouched: Record<string, string>;
beforeAll(() => {
  house = new House();
  untouched = house.snapshot();
});
afterAll(() => house?.close());

function generate(...parameters: string[]) {
  return house.run(generator, ...parameters, '--no-install');
}

it('makes providers that pass the whole suite at once, and takes them away without a trace', async () => {
  for (const { name, auth, paging, facets } of made) {
    const openapi = name === 'acme-two' ? ['--openapi', 'tools/kit/test/fixtures/depot.yaml'] : [];
    const ran = generate(name, '--auth', auth, '--paging', paging, '--facets', facets, ...openapi);
    expect({ name, ...ran }).toMatchObject({ name, code: 0, stderr: '' });
  }
  house.link(...names);
  await expectToPass();
  expectTables();
  expectWireSchemas();
  expectFaultsToBeTold();

  for (const name of ['acme-three', 'zeta-4', 'acme-one', 'acme-two']) {
    house.unlink(name);
    expect(generate(name, '--remove')).toMatchObject({ code: 0, stderr: '' });
  }
  expect(house.run('tools/kit/matrix.mjs')).toMatchObject({ code: 0 });
  expect(house.snapshot()).toEqual(untouched);
});

/** Types, lint and layout, and every test of all of them. */
async function expectToPass(): Promise<void> {
  const config = 'tsconfig.made.json';
  const include = names.flatMap((name) => [`libs/providers/${name}`, `libs/sandbox/src/${name}`]);
  writeFileSync(
    join(house.root, config),
    JSON.stringify({
      extends: './tsconfig.json',
      include: [...include, 'apps/gateway/src/connections/installed.ts'],
    }),
  );
  expect(house.run('node_modules/typescript/bin/tsc', '-p', config)).toMatchObject({ code: 0, stdout: '' });
  house.discard(config);
  expect(house.run('node_modules/@biomejs/biome/bin/biome', 'check', ...include)).toMatchObject({ code: 0 });
  expect(house.run('tools/layout/check.mjs')).toMatchObject({ code: 0 });

  const folders = names.map((name) => `libs/providers/${name}`);
  const jest = ['node_modules/jest/bin/jest.js', '--silent', '--maxWorkers=2', '--projects'] as const;
  const [ran, ...checked] = await Promise.all([
    house.start(...jest, ...folders, '--testPathPatterns', 'mapping', 'acme-two'),
    // The same suite, run without jest in half the time.
    ...['acme-one', 'acme-three', 'zeta-4'].map(check),
  ]);
  expect(ran?.stderr).toMatch(/Test Suites: 5 passed, 5 total/);
  for (const { name, report } of checked) {
    const { conforms, failed, passed, deviations } = report;
    expect({ name, conforms, failed, deviations }).toEqual({
      name,
      conforms: true,
      failed: 0,
      deviations: [],
    });
    expect(passed).toBeGreaterThan(80);
  }
}

async function check(name: string) {
  const { stdout } = await house.start(
    'tools/kit/typescript.mjs',
    'tools/kit/check-provider.mjs',
    name,
    '--json',
  );
  return { name, report: JSON.parse(stdout) as Report };
}

function expectTables(): void {
  const stale = house.run('tools/kit/matrix.mjs', '--check');
  expect(stale).toMatchObject({ code: 1, stdout: expect.stringContaining('libs/providers/README.md') });
  expect(house.run('tools/kit/matrix.mjs')).toMatchObject({ code: 0 });
  expect(readFileSync(join(house.root, 'libs/providers/README.md'), 'utf8')).toContain(
    '| Acme Three (`acme-three`) | – | – | – | list, get | – |',
  );
}

/** The schemas of --openapi read what their upstream says, and what it will say tomorrow, and no list as nothing. */
function expectWireSchemas(): void {
  const script = join(house.root, 'read-depot.mjs');
  writeFileSync(
    script,
    `import * as wire from './libs/providers/acme-two/src/openapi.ts';
     const read = (body) => wire.ListDepotsAnswer.safeParse(body);
     const depot = { id: 'd1', name: 'North', size: 'huge', docks: [{ number: 3, doors: [] }], 'x-owner': null, parent: { id: 'd0' } };
     console.log(JSON.stringify([
       Object.keys(wire).sort(),
       read({ items: [depot], next: 'p2' }).data,
       read({ items: [{ id: 'd1', name: 7, docks: null }] }).data,
       read({ items: 3 }).success,
       read({ items: [{ name: 'no id' }] }).success,
     ]));`,
  );
  const { stdout, stderr } = house.run('tools/kit/typescript.mjs', 'read-depot.mjs');
  house.discard('read-depot.mjs');
  expect(stderr).toBe('');
  const depot = {
    id: 'd1',
    name: 'North',
    size: 'huge',
    docks: [{ number: 3, doors: [] }],
    parent: { id: 'd0' },
  };
  expect(JSON.parse(stdout)).toEqual([
    ['Depot', 'Dock', 'GetDepotAnswer', 'ListDepotsAnswer'],
    { items: [{ ...depot, 'x-owner': null }], next: 'p2' },
    { items: [expect.objectContaining({ id: 'd1', name: null, docks: null })], next: undefined },
    false,
    false,
  ]);
}

/** What is wrong with a provider, and what it says of it itself, stands in the report. */
function expectFaultsToBeTold(): void {
  house.edit('libs/providers/zeta-4/src/releases.ts', 'wordOf(rolloutStatuses, wire.state)', "'success'");
  house.edit('libs/providers/zeta-4/src/releases.ts', 'name: wire.id', "name: ''");
  const test = 'releases › a status word of tomorrow is unknown, and is kept';
  const deviations = `deviations: [{ test: '${test}', reason: 'the platform shows nothing else' }],\n  kinds: {`;
  house.edit('libs/providers/zeta-4/test/options.ts', 'kinds: {', deviations);
  const { code, stdout } = house.run('tools/kit/typescript.mjs', 'tools/kit/check-provider.mjs', 'zeta-4');
  expect(code).toBe(1);
  expect(stdout).toContain('Zeta 4 (zeta-4) against its emulated upstream');
  expect(stdout).toMatch(/✗ shape +\d+ of \d+\n {6}releases: names are not empty\n {8}the name of /);
  expect(stdout).toMatch(/✓ deployments +(\d+) of \1 +list, get\n/);
  expect(stdout).toMatch(/– clusters +not offered/);
  expect(stdout).toContain(`Deviations\n  ${test}\n    because the platform shows nothing else`);
  expect(stdout).toMatch(/Quirks.*\n {2}- \*\*Lists come whole\*\*: the upstream has no pages/);
  expect(stdout).toMatch(/\d+ of \d+ passed in [\d.]+ s: it does not conform\.\n$/);
}

describe('refuses, in one line for each reason, and writes nothing:', () => {
  it.each([
    ['no name', [], ['name the provider']],
    ['a bad name', ['Acme_Cloud'], ['"Acme_Cloud" is no name for a provider']],
    [
      'a name that is taken',
      ['palette'],
      ['there is a libs/providers/palette', 'there is a libs/sandbox/src/palette'],
    ],
    ['a name that a library has', ['kit'], ['"kit" is taken: there is a libs/provider-kit']],
    ['a word of the language', ['new'], ['"new" is taken']],
    ['two names', ['one', 'two'], ['one name at a time']],
    ['an option that it does not know', ['one', '--colour', 'red'], ["Unknown option '--colour'"]],
    [
      'words that it does not know, all at once',
      ['one', '--auth', 'saml', '--paging', 'random', '--facets', 'pods'],
      ['--facets knows no "pods"', '--auth takes static, login, oauth2-client', '--paging takes offset'],
    ],
    ['releases without deployments', ['one', '--facets', 'releases'], ['releases belong to deployments']],
    [
      'an OpenAPI file that is not there',
      ['one', '--openapi', 'none.yaml'],
      ['--openapi none.yaml cannot be read'],
    ],
    ['a file that is no OpenAPI', ['one', '--openapi', 'package.json'], ['is no OpenAPI 3']],
    [
      'an operation that the file has not',
      ['one', '--openapi', 'tools/kit/test/fixtures/depot.yaml', '--operations', 'listPods'],
      ['there is no "listPods"; there are listDepots'],
    ],
    ['to remove what is not there', ['one', '--remove'], ['there is no libs/providers/one to remove']],
    ['to remove what it has not made', ['palette', '--remove'], ['was not made by new:provider']],
  ])('%s', (_, parameters, reasons) => {
    const { code, stdout, stderr } = generate(...parameters);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const reason of reasons) expect(stderr).toContain(reason);
    expect(stderr.trim().split('\n')).toHaveLength(reasons.length + 1);
  });

  it('not a byte', () => {
    expect(house.snapshot()).toEqual(untouched);
  });
});

it('tells what it takes', () => {
  const { code, stdout } = house.run(generator, '--help');
  expect(code).toBe(0);
  for (const word of [
    '--facets',
    '--auth',
    '--paging',
    '--openapi',
    '--operations',
    '--remove',
    'oauth2-client',
  ]) {
    expect(stdout).toContain(word);
  }
});
