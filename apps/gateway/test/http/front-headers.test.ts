import { frontHeaders } from '../../src/http/front-headers.ts';

describe('the headers that the front goes by', () => {
  it('are found however their names are written, among others', () => {
    const raw = ['Host', 'h', 'AUTHORIZATION', 'Bearer k', 'x-other-name', 'o', 'If-None-Match', 'W/"1"'];
    expect(frontHeaders([...raw, 'X-Request-ID', 'request-0001'])).toEqual({
      authorization: 'Bearer k',
      ifNoneMatch: 'W/"1"',
      requestId: 'request-0001',
    });
    expect(frontHeaders(['Host', 'h'])).toEqual({
      authorization: undefined,
      ifNoneMatch: undefined,
      requestId: undefined,
    });
  });

  it.each(['X-Request-Timeout', 'Request-Timeout'])('leave a request with %s to the framework', (name) => {
    expect(frontHeaders(['Authorization', 'Bearer k', name, '1'])).toBeUndefined();
  });

  it.each(['Authorization', 'If-None-Match', 'X-Request-Id'])(
    'leave a second %s to the framework',
    (name) => {
      expect(frontHeaders([name, 'one', name.toLowerCase(), 'two'])).toBeUndefined();
      expect(frontHeaders([name, 'one', 'Host', name])).toBeDefined();
    },
  );
});
