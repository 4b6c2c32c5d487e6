import { z } from 'zod';
import {
  instant,
  labelsOf,
  labelsOfTags,
  limitsOf,
  native,
  partsOfProject,
  secret,
  upstreamSettings,
  wordOf,
} from '../src/index.ts';

describe('times', () => {
  it.each([
    ['2024-04-21T21:26:28.279496741+08:00', '2024-04-21T13:26:28.279Z'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', null],
    ['0001-01-01T00:00:00.000Z', null],
    ['', null],
    ['yesterday', null],
    [null, null],
    [undefined, null],
  ])('%j is %j', (text, expected) => {
    expect(instant(text)).toBe(expected);
  });
});

it('a word that the table does not know is unknown, also one that every object has', () => {
  const table = { Running: 'healthy' } as const;
  expect([
    wordOf(table, 'Running'),
    wordOf(table, 'Exploding'),
    wordOf(table, 'toString'),
    wordOf(table, null),
  ]).toEqual(['healthy', 'unknown', 'unknown', 'unknown']);
});

it('labels come from tags and from maps', () => {
  expect(labelsOfTags('env:prod, berlin ,,team=edge')).toEqual({ env: 'prod', berlin: '', team: 'edge' });
  expect(labelsOfTags(null)).toEqual({});
  expect(labelsOf({ a: 'b', n: 1, yes: true, no: null, deep: {} })).toEqual({ a: 'b', n: '1', yes: 'true' });
});

describe('the native object', () => {
  it('keeps everything but secrets, at any depth', () => {
    expect(
      native({
        id: 'x',
        password: 'p',
        spec: { apiKey: 'k', list: [{ clientSecret: 's', size: 1 }], hasKubeConfig: true },
        token: null,
      }),
    ).toEqual({
      id: 'x',
      password: '[redacted]',
      spec: { apiKey: '[redacted]', list: [{ clientSecret: '[redacted]', size: 1 }], hasKubeConfig: true },
      token: null,
    });
  });

  it('keeps secrets out of manifests that travel as text', () => {
    const manifest =
      'name: web\n  password: hunter2\n  db_password: "x y"\nkey: |\n  open\nprivate_key: |\n    line\n    line\nend: 1\n';
    const { sourceConfig } = native({ sourceConfig: manifest });
    expect(sourceConfig).toBe(
      'name: web\n  password: [redacted]\n  db_password: [redacted]\nkey: |\n  open\nprivate_key: [redacted]\nend: 1\n',
    );
  });
});

describe('settings', () => {
  const Settings = z.strictObject({ ...upstreamSettings, apiKey: secret() });
  const parse = (more: object) =>
    Settings.safeParse({ baseUrl: 'https://up.example/v1', apiKey: 'k', ...more });

  it('have sensible defaults', () => {
    expect(parse({}).data).toEqual({
      baseUrl: 'https://up.example/v1',
      apiKey: 'k',
      timeoutMs: 10_000,
      limits: {},
    });
  });

  it.each([
    'ftp://x',
    'x',
    'https://u:p@x/',
    'https://x/?a=1',
    'https://x/#a',
    '',
    'file:///etc/passwd',
    'https://',
  ])('take no base URL like %j', (baseUrl) => {
    expect(parse({ baseUrl }).error?.issues[0]?.path).toEqual(['baseUrl']);
  });

  it('take the trailing slash off', () => {
    expect(parse({ baseUrl: 'http://x:8801/' }).data?.baseUrl).toBe('http://x:8801');
  });

  it.each([
    [{ timeoutMs: 5 }, 'timeoutMs'],
    [{ limits: { concurrency: 0 } }, 'limits'],
    [{ limits: { speed: 1 } }, 'limits'],
    [{ apiKey: '' }, 'apiKey'],
    [{ apikey: 'x' }, undefined],
  ])('refuse %j', (more, field) => {
    expect(parse(more).error?.issues[0]?.path[0]).toBe(field);
  });

  it('win over the limits of the provider, one by one', () => {
    const own = { concurrency: 8, perSecond: 20, burst: 40 };
    expect(limitsOf({ limits: {} }, own)).toEqual(own);
    expect(limitsOf({ limits: { requestsPerSecond: 2, burst: 3 } }, own)).toEqual({
      concurrency: 8,
      perSecond: 2,
      burst: 3,
    });
  });
});

it('what can only be made in a project says so where none is named', () => {
  expect(partsOfProject(['p1'], 1)).toEqual(['p1']);
  expect(() => partsOfProject(undefined, 1)).toThrow(
    expect.objectContaining({ code: 'invalid', field: 'project_id' }),
  );
});
