// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the file of connections writes a variable

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConnections } from '../../src/connections/file.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { secretsOf } from '../../src/connections/setting-secrets.ts';

const installed = installedProviders.map(({ id }) => id).join(', ');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-connections-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = {
  FM_KEY: 'key-of-fleet-manager',
  LIKE_YAML: '"]}\n- slug: &x !!map {evil: *x} # no comment: ${FM_KEY}',
  EMPTY: '',
};

function read(text: string, variables: Record<string, string> = env) {
  const path = join(folder, 'c.yaml');
  writeFileSync(path, text);
  return readConnections({ path, env: variables, providers: installedProviders });
}

/** Without the name of the file, which stands before each. */
function problemsOf(text: string): string[] {
  return read(text).problems.map((line) => {
    expect(line.startsWith(`${folder}/c.yaml:`)).toBe(true);
    return line.slice(folder.length + '/c.yaml:'.length);
  });
}

/** One connection in full, in lines of its own. */
const fm = `connections:
  - slug: fm
    provider: fleet-manager
    settings:
      baseUrl: http://127.0.0.1:1/api/v2
      apiKey: \${FM_KEY}
`;
const palette = (settings: string) =>
  `connections:\n  - {slug: p, provider: palette, settings: {baseUrl: "http://h", ${settings}}}\n`;

describe('a file of connections', () => {
  it('is read with its defaults', () => {
    const { connections, problems } = read(fm);
    expect(problems).toEqual([]);
    expect(connections).toMatchObject([
      {
        slug: 'fm',
        provider: 'fleet-manager',
        team: null,
        syncIntervalMs: 60_000,
        settings: { baseUrl: 'http://127.0.0.1:1/api/v2', apiKey: env.FM_KEY, authScheme: 'api-key' },
      },
    ]);
  });

  it('may hold none', () => {
    expect(read('connections: []\n')).toMatchObject({ connections: [], problems: [] });
  });

  it.each([
    ['45', 45_000],
    ['45s', 45_000],
    ['"5m"', 300_000],
    ['24h', 86_400_000],
  ])('takes an interval of %s', (interval, ms) => {
    const text = fm.replace(
      '    settings:',
      `    team: edge\n    sync: {interval: ${interval}}\n    settings:`,
    );
    expect(read(text).connections).toMatchObject([{ team: 'edge', syncIntervalMs: ms }]);
  });

  it('takes all five providers, each with its own settings', () => {
    const { connections, problems } = read(`connections:
  - {slug: a, provider: kubestellar-toolkit, settings: {baseUrl: http://h/api/v1alpha1, token: \${FM_KEY}}}
  - {slug: b, provider: app-platform, settings: {baseUrl: http://h/v1, apiKey: \${FM_KEY}, limits: {concurrency: 2}}}
  - {slug: c, provider: fleet-manager, settings: {baseUrl: http://h/api/v2, apiKey: \${FM_KEY}, authScheme: bearer}}
  - {slug: d, provider: palette, settings: {baseUrl: http://h, emailId: a@b, password: \${FM_KEY}, org: o}}
  - {slug: e, provider: chimestack, settings: {baseUrl: http://h:8801, userName: admin, password: \${FM_KEY}, timeoutMs: 500}}
`);
    expect(problems).toEqual([]);
    expect(connections.map(({ slug }) => slug)).toEqual(['a', 'b', 'c', 'd', 'e']);
    const secrets = connections.flatMap(({ provider, settings }) => {
      const definition = installedProviders.find(({ id }) => id === provider);
      return definition ? secretsOf(definition, settings).map(({ value }) => value) : [];
    });
    expect(secrets).toEqual(Array(5).fill(env.FM_KEY));
  });

  it('puts variables into values, where they stay text whatever they hold', () => {
    const block = fm.replace('${FM_KEY}', '${LIKE_YAML}');
    const quoted = fm.replace('${FM_KEY}', '"${LIKE_YAML}"');
    const flow = palette('apiKey: ${LIKE_YAML}');
    for (const text of [block, quoted, flow]) {
      const { connections, problems } = read(text);
      expect(problems).toEqual([]);
      expect(connections).toMatchObject([{ settings: { apiKey: env.LIKE_YAML } }]);
    }
  });

  it('puts several into one value, in folded ones too', () => {
    expect(
      read(fm.replace('${FM_KEY}', '>-\n        ${FM_KEY}-\n        ${FM_KEY}')).connections,
    ).toMatchObject([{ settings: { apiKey: `${env.FM_KEY}- ${env.FM_KEY}` } }]);
  });

  it('takes two dollars for one that is meant', () => {
    const { connections, problems } = read(fm.replace('${FM_KEY}', () => "'$${FM_KEY} $ $5 $${'"));
    expect(problems).toEqual([]);
    expect(connections).toMatchObject([{ settings: { apiKey: '${FM_KEY} $ $5 ${' } }]);
  });

  it('tells which variables it speaks of, also where it is wrong', () => {
    expect([...read(`${fm}  - {slug: \${A}, x: \${B_2}`).variables]).toEqual(['FM_KEY', 'A', 'B_2']);
  });

  it('knows anchors, aliases and merges', () => {
    const { connections, problems } = read(`connections:
  - slug: one
    provider: fleet-manager
    settings: &base
      baseUrl: http://h/api/v2
      apiKey: \${FM_KEY}
  - {slug: two, provider: fleet-manager, settings: *base}
  - slug: three
    provider: fleet-manager
    settings: {<<: *base, authScheme: bearer}
`);
    expect(problems).toEqual([]);
    expect(connections.map(({ settings }) => settings)).toMatchObject([
      { apiKey: env.FM_KEY, authScheme: 'api-key' },
      { apiKey: env.FM_KEY, authScheme: 'api-key' },
      { apiKey: env.FM_KEY, authScheme: 'bearer' },
    ]);
  });
});

describe('what is wrong is told with its line and column', () => {
  const entry = (lines: string) => `connections:\n  - ${lines.trim().replaceAll('\n', '\n    ')}\n`;
  const settings = '\nsettings: {baseUrl: http://h/api/v2, apiKey: k}';
  const named = (lines: string) => entry(`slug: fm\nprovider: fleet-manager\n${lines}`);

  const cases: [what: string, text: string, problems: string[]][] = [
    [
      'an empty file',
      '',
      ['1:1 the file is empty: it holds a list of connections, at least "connections: []"'],
    ],
    [
      'a file of comments',
      '# nothing\n',
      ['1:1 the file is empty: it holds a list of connections, at least "connections: []"'],
    ],
    [
      'a list at the top',
      '- slug: fm\n',
      ['1:1 the file must begin with "connections:", and hold the list of them'],
    ],
    [
      'a text at the top',
      'connections\n',
      ['1:1 the file must begin with "connections:", and hold the list of them'],
    ],
    ['no connections', '{}\n', ['1:1 connections is missing']],
    ['connections without a value', 'connections:\n', ['1:1 connections has no value']],
    ['connections that are no list', 'connections:\n  fm: 1\n', ['1:1 connections must be a list']],
    [
      'an unknown name at the top',
      'connections: []\nconection: []\n',
      ['2:1 conection is not known: did you mean connections?'],
    ],
    [
      'a connection that is a text',
      'connections:\n  - fm\n',
      ['2:5 connection 1 must hold slug, provider and settings'],
    ],
    [
      'a connection that is nothing',
      'connections:\n  -\n',
      ['2:4 connection 1 must hold slug, provider and settings'],
    ],
    [
      'an unknown field',
      entry(`slug: fm\nprovider: fleet-manager\ntem: edge${settings}`),
      ['4:5 connection "fm": tem is not known: did you mean team?'],
    ],
    ['no slug', entry(`provider: fleet-manager${settings}`), ['2:5 connection 1: slug is missing']],
    [
      'a bad slug',
      entry(`slug: FM_East\nprovider: fleet-manager${settings}`),
      ['2:11 connection 1: slug must be 1 to 63 lower-case letters, digits or inner hyphens'],
    ],
    [
      'a slug that is a number',
      entry(`slug: 7\nprovider: fleet-manager${settings}`),
      ['2:11 connection 1: slug must be text: put it in quotes'],
    ],
    [
      'a slug that is taken',
      `${fm}${fm.replace('connections:\n', '')}`,
      ['7:11 connection "fm": the slug is taken by the connection in line 2'],
    ],
    [
      'a bad team',
      named(`team: -edge${settings}`),
      ['4:11 connection "fm": team must be 1 to 63 lower-case letters, digits or inner hyphens'],
    ],
    ['no provider', entry(`slug: fm${settings}`), ['2:5 connection "fm": provider is missing']],
    [
      'an unknown provider',
      entry(`slug: fm\nprovider: fleet-manger${settings}`),
      [`3:15 connection "fm": unknown provider "fleet-manger": installed are ${installed}`],
    ],
    [
      'no settings',
      named(''),
      ['2:5 connection "fm": settings.baseUrl is missing', '2:5 connection "fm": settings.apiKey is missing'],
    ],
    [
      'settings that are a list',
      named('settings: [1]'),
      ['4:5 connection "fm": settings must hold settings of its own (name: value)'],
    ],
    [
      'a setting that is missing',
      named('settings:\n  baseUrl: http://h/api/v2'),
      ['4:5 connection "fm": settings.apiKey is missing'],
    ],
    [
      'a setting without a value',
      named('settings:\n  baseUrl: http://h/api/v2\n  apiKey:'),
      ['6:7 connection "fm": settings.apiKey has no value'],
    ],
    [
      'a setting that is empty',
      named('settings:\n  baseUrl: http://h/api/v2\n  apiKey: ""'),
      ['6:15 connection "fm": settings.apiKey must not be empty'],
    ],
    [
      'an unknown setting',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, apikeys: k}'),
      ['4:53 connection "fm": settings.apikeys is not known: did you mean apiKey?'],
    ],
    [
      'a setting of another provider',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, organisation: o}'),
      [
        '4:53 connection "fm": settings.organisation is not known: known are baseUrl, timeoutMs, limits, apiKey, authScheme, releases, bodies',
      ],
    ],
    [
      'an unknown setting deeper down',
      named('settings:\n  baseUrl: http://h/api/v2\n  apiKey: k\n  limits: {concurency: 1}'),
      ['7:16 connection "fm": settings.limits.concurency is not known: did you mean concurrency?'],
    ],
    [
      'a number where text should be',
      named('settings: {baseUrl: http://h/api/v2, apiKey: 12345}'),
      ['4:50 connection "fm": settings.apiKey must be text: put it in quotes'],
    ],
    [
      'a text where a number should be',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, timeoutMs: soon}'),
      ['4:64 connection "fm": settings.timeoutMs must be a number'],
    ],
    [
      'a broken number',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, timeoutMs: 500.5}'),
      ['4:64 connection "fm": settings.timeoutMs must be a whole number'],
    ],
    [
      'a number that is too small',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, timeoutMs: 1}'),
      ['4:64 connection "fm": settings.timeoutMs must be at least 100'],
    ],
    [
      'a number that is too big',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, timeoutMs: 999999}'),
      ['4:64 connection "fm": settings.timeoutMs must be at most 120000'],
    ],
    [
      'a word that is none of those',
      named('settings: {baseUrl: http://h/api/v2, apiKey: k, authScheme: basic}'),
      ['4:65 connection "fm": settings.authScheme must be one of api-key, bearer'],
    ],
    [
      'an address that is none',
      named('settings: {baseUrl: ftp://h, apiKey: k}'),
      [
        '4:25 connection "fm": settings.baseUrl must be an http or https address without user, query or fragment',
      ],
    ],
    [
      'an interval that is too short',
      named(`sync: {interval: 1s}${settings}`),
      ['4:22 connection "fm": sync.interval must be seconds, or like 30s, 5m or 1h, from 5s to 24h'],
    ],
    [
      'an interval that is none',
      named(`sync: {interval: often}${settings}`),
      ['4:22 connection "fm": sync.interval must be seconds, or like 30s, 5m or 1h, from 5s to 24h'],
    ],
    [
      'an unknown field of sync',
      named(`sync: {intervall: 60}${settings}`),
      ['4:12 connection "fm": sync.intervall is not known: did you mean interval?'],
    ],
    [
      'neither of two logins',
      palette(''),
      ['2:34 connection "p": settings.apiKey is required, or emailId and password in its place'],
    ],
    [
      'both of two logins',
      palette('apiKey: a, emailId: b, password: c'),
      [
        '2:86 connection "p": settings.emailId cannot be set together with apiKey',
        '2:99 connection "p": settings.password cannot be set together with apiKey',
      ],
    ],
    [
      'half of a login',
      palette('emailId: b'),
      ['2:34 connection "p": settings.password is required with emailId'],
    ],
    ['a variable that is not set', fm.replace('FM_KEY', 'NO_KEY'), ['6:15 the variable NO_KEY is not set']],
    ['a variable that is empty', fm.replace('FM_KEY', 'EMPTY'), ['6:15 the variable EMPTY is empty']],
    [
      'a variable that every object inherits',
      fm.replace('FM_KEY', 'toString'),
      ['6:15 the variable toString is not set'],
    ],
    [
      'a variable inside of text, deep in lists',
      'connections: []\nmore: [{a: ["x ${NO_KEY} y"]}]\n',
      ['2:1 more is not known: known are connections, issuers', '2:13 the variable NO_KEY is not set'],
    ],
    [
      'what is no name of a variable',
      fm.replace('FM_KEY', 'FM-KEY:-x'),
      ['6:15 what stands in ${…} is no name of a variable: write $${ for the two characters themselves'],
    ],
    [
      'a variable without an end',
      fm.replace('${FM_KEY}', 'a${FM_KEY'),
      ['6:15 a variable begins here and has no end: write ${NAME}, or $${ for the two characters themselves'],
    ],
    [
      'a name that stands twice',
      fm.replace('      apiKey', '      baseUrl: http://h/api/v2\n      apiKey'),
      ['6:7 this name stands twice in one place'],
    ],
    [
      'an alias of nothing',
      named('settings: *base'),
      ['4:15 *base stands for nothing: no &base comes before it'],
    ],
    [
      'what is wrong behind an alias',
      `connections:
  - {slug: one, provider: fleet-manager, settings: &base {baseUrl: http://h/api/v2, apiKey: 5}}
  - {slug: two, provider: fleet-manager, settings: *base}
`,
      [
        '2:93 connection "one": settings.apiKey must be text: put it in quotes',
        '2:93 connection "two": settings.apiKey must be text: put it in quotes',
      ],
    ],
    [
      'a tag',
      named('settings: !secret {baseUrl: http://h/api/v2, apiKey: k}'),
      ['4:15 not YAML: a tag (!name) has no meaning here: remove it'],
    ],
    [
      'a second document',
      `${fm}---\nconnections: []\n`,
      ['7:1 not YAML: a second document begins here (---): one file holds one'],
    ],
    [
      'a bracket without an end',
      'connections: [{slug: fm}\n',
      ['1:25 not YAML: the indentation does not fit what stands above, or a bracket is not closed'],
    ],
    [
      'a quote without an end',
      fm.replace('${FM_KEY}', '"${FM_KEY}'),
      [
        '6:25 not YAML: something is missing here: a closing quote or bracket, a comma, or the ": " after a name; or the indentation is wrong',
      ],
    ],
    ['a tab', 'connections:\n\t- slug: fm\n', ['2:1 not YAML: a tab cannot indent: use spaces']],
    [
      'a wrong indentation',
      'connections:\n  - slug: fm\n   provider: x\n',
      [
        '3:1 not YAML: something is missing here: a closing quote or bracket, a comma, or the ": " after a name; or the indentation is wrong',
      ],
    ],
    [
      'two settings in one line',
      fm.replace('${FM_KEY}', 'k authScheme: bearer'),
      [
        '6:15 not YAML: a second ": " within one value: put the value in quotes, or a setting on a line of its own',
      ],
    ],
    [
      'several at once, in their order',
      `connections:
  - slug: A
    provider: palette
    settings: {baseUrl: http://h/path, apiKey: \${NO_KEY}, org: 3}
    colour: red
  - slug: b
    provider: nobody
other: 1
`,
      [
        '2:11 connection 1: slug must be 1 to 63 lower-case letters, digits or inner hyphens',
        '4:25 connection 1: settings.baseUrl must be an origin, without a path: the paths begin with /v1',
        '4:48 the variable NO_KEY is not set',
        '4:64 connection 1: settings.org must be text: put it in quotes',
        '5:5 connection 1: colour is not known: known are slug, provider, team, sync, settings',
        `7:15 connection "b": unknown provider "nobody": installed are ${installed}`,
        '8:1 other is not known: known are connections, issuers',
      ],
    ],
  ];

  it.each(cases)('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
    expect(read(text).connections).toEqual([]);
  });

  it('a file that is not there, or is a folder', () => {
    const outcome = (path: string) => readConnections({ path, env, providers: installedProviders }).problems;
    expect(outcome(join(folder, 'absent.yaml'))).toEqual([
      `FLEETGATE_CONFIG ${folder}/absent.yaml does not exist`,
    ]);
    expect(outcome(folder)).toEqual([`FLEETGATE_CONFIG ${folder} is a folder, where a file should be`]);
  });

  it('a file that may not be read', () => {
    if (process.getuid?.() !== 0) return; // only root can become somebody else for a moment
    const path = join(folder, 'closed.yaml');
    writeFileSync(path, fm, { mode: 0o600 });
    process.seteuid?.(65534);
    try {
      expect(readConnections({ path, env, providers: installedProviders }).problems).toEqual([
        `FLEETGATE_CONFIG ${path} cannot be read (EACCES)`,
      ]);
    } finally {
      process.seteuid?.(0);
    }
  });

  it('an army of aliases', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `  - &l${n + 1} [${Array(9).fill(`*l${n}`).join(', ')}]`,
    );
    expect(problemsOf(`connections:\n  - &l0 [x]\n${levels.join('\n')}\n`)).toEqual([
      '1:1 its aliases (*name) lead to too many copies',
    ]);
  });
});

describe('no value is repeated', () => {
  const secret = 's3cr3t-of-ours';
  it.each([
    ['a value of the wrong form', fm.replace('http://127.0.0.1:1/api/v2', `ftp://me:${secret}@h`)],
    [
      'a slug that came from a variable',
      fm.replace('slug: fm', 'slug: ${SECRET}').replace('FM_KEY', 'NO_KEY'),
    ],
    ['a provider that came from a variable', fm.replace('fleet-manager', '${SECRET}')],
    ['a forgotten blank', palette(`apiKey:${secret}`)],
    ['a forgotten colon', fm.replace('apiKey: ${FM_KEY}', `apiKey ${secret}`)],
    ['a token that does not belong there', fm.replace('${FM_KEY}', `"a" ${secret}`)],
    ['a quote without an end', fm.replace('${FM_KEY}', `"${secret}`)],
    ['an escape that there is not', fm.replace('${FM_KEY}', `"\\q${secret}"`)],
    ['a name of a variable that is none', fm.replace('FM_KEY', `FM-${secret}`)],
  ])('in %s', (_, text) => {
    const { problems } = read(text, { ...env, SECRET: secret });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain(secret);
  });
});
