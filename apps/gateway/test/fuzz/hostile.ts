import fc from 'fast-check';

/** Texts that something has stumbled over, somewhere. */
const known = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'undefined',
  'true',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '..%2f..%2f',
  '%00',
  '%',
  '%zz',
  '\u0000',
  '\ud800',
  '\u202e',
  '\ufeff',
  '😀'.repeat(40),
  "' OR 1=1 --",
  '$1',
  '{{7*7}}',
  '<script>alert(1)</script>',
  'x'.repeat(5000),
  '[]',
  '{}',
  'name:value',
  ':',
  'a:',
  '2026-02-30',
  '9999-12-31T23:59:59.9999999999Z',
  'cluster_',
  'cluster_Zm0',
  'proj_////',
];

export const hostileText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...known) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
);

/** Any JSON, with such texts in it. */
export const hostileValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    hostileText,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(hostileText, fc.constantFrom('name', 'id', 'labels', '__proto__')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;

const nested = (depth: number, [open, close]: readonly [string, string]) =>
  open.repeat(depth) + close.repeat(depth);

/** Bodies that are no JSON, or JSON that nobody writes. */
export const hostileBody = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '{"name":"a","name":"b"}',
    '{"__proto__":{"admin":true},"name":"x"}',
    '{"constructor":{"prototype":{}}}',
    '\ufeff{}',
    '{"name":1e999}',
    '{"name":"\\ud800"}',
    nested(5000, ['[', ']']),
    `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
    `"${'x'.repeat(1_100_000)}"`,
    'name=x&name=y',
    'null',
    '[]',
  ),
  hostileText,
);

export const hostileHeaders = fc.dictionary(
  fc.constantFrom(
    'accept',
    'if-none-match',
    'if-match',
    'idempotency-key',
    'prefer',
    'x-request-id',
    'traceparent',
    'x-forwarded-for',
    'accept-encoding',
    'cookie',
    'origin',
    'range',
    'x-http-method-override',
  ),
  fc.oneof(
    fc.constantFrom(
      '*',
      '"x"',
      'application/problem+json',
      'respond-async',
      'text/html',
      '00-0-0-0',
      'bytes=0-1',
    ),
    // what a client of HTTP lets through
    hostileText.map((text) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 300)),
  ),
  { maxKeys: 3 },
);
