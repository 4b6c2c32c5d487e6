import { fingerprintOf, idempotencyKeyOf } from '../../src/idempotency/idempotency-key.ts';

describe('an Idempotency-Key', () => {
  it.each([
    ['8e03978e-40d5', '8e03978e-40d5'],
    ['"8e03978e-40d5"', '8e03978e-40d5'],
    ['"with spaces, and a \\"quote\\""', 'with spaces, and a "quote"'],
    [' padded ', 'padded'],
  ])('%s is read as %s', (header, key) => {
    expect(idempotencyKeyOf(header)).toBe(key);
  });

  it('is absent where there is no header', () => {
    expect(idempotencyKeyOf(undefined)).toBeUndefined();
  });

  it.each(['', '""', 'two words', '"no end', 'a,b', 'ä', '"ä"', 'x'.repeat(256), 'a\\b'])(
    '%s is refused, by the name of the header',
    (header) => {
      expect(() => idempotencyKeyOf(header)).toThrow(
        expect.objectContaining({
          code: 'bad_request',
          facts: { details: [{ field: 'Idempotency-Key', message: 'cannot be read' }] },
        }),
      );
    },
  );
});

describe('two requests are the same', () => {
  const secret = Buffer.alloc(32, 1);
  const one = fingerprintOf(secret, 'POST', '/v1/projects', { name: 'a', spec: { x: 1, y: [1, 2] } });
  it('whatever the order of their members', () => {
    expect(fingerprintOf(secret, 'POST', '/v1/projects', { spec: { y: [1, 2], x: 1 }, name: 'a' })).toEqual(
      one,
    );
  });
  it('but not for whoever does not know the secret', () => {
    const other = Buffer.alloc(32, 2);
    expect(
      fingerprintOf(other, 'POST', '/v1/projects', { name: 'a', spec: { x: 1, y: [1, 2] } }),
    ).not.toEqual(one);
  });
  it.each([
    ['method', 'PUT', '/v1/projects', { name: 'a', spec: { x: 1, y: [1, 2] } }],
    ['address', 'POST', '/v1/projects?dry_run=true', { name: 'a', spec: { x: 1, y: [1, 2] } }],
    ['body', 'POST', '/v1/projects', { name: 'a', spec: { x: 1, y: [2, 1] } }],
  ])('but not with another %s', (_what, method, url, body) => {
    expect(fingerprintOf(secret, method, url, body)).not.toEqual(one);
  });
});
