import fc from 'fast-check';
import { nativeTarget } from '../../src/native/native-target.ts';

const base = '/v1/connections/fm-east/native';

describe('the target of a call that goes through', () => {
  it.each([
    ['', ''],
    ['/', '/'],
    ['?a=1', '?a=1'],
    ['/clusters', '/clusters'],
    ['/clusters/', '/clusters/'],
    ['/clusters/a%20b/x;v=1?q=%2F..%2F&r=/../', '/clusters/a%20b/x;v=1?q=%2F..%2F&r=/../'],
    ["/a.b/..c/d../~e/(f)/g@h:i!$&'*+,=", "/a.b/..c/d../~e/(f)/g@h:i!$&'*+,="],
    ['/%E2%82%AC/100%25', '/%E2%82%AC/100%25'],
  ])('%j is passed on as it came', (given, target) => {
    expect(nativeTarget(base + given)).toEqual({ slug: 'fm-east', target });
  });

  it.each([
    '/..',
    '/../x',
    '/a/../../b',
    '/.',
    '/%2e%2e/x',
    '/.%2E/x',
    '/%252e%252e/x',
    '/%25252e%25252e/x',
    '/%2525252525252e',
    '/..;/x',
    '/..;v=1/x',
    '/%2e%2e%3b/x',
    '/a%2fb',
    '/a%2Fb',
    '/a%252fb',
    '/a%5cb',
    '/a\\b',
    '/\\..\\x',
    '//evil.example/x',
    '/http://evil.example/x',
    '/a//b',
    '/a%00b',
    '/a%0d%0aHost:%20evil',
    '/%c0%ae%c0%ae/x',
    '/%ff',
    '/%zz',
    '/a b',
    '/a#b',
    '/a"b',
    '/ä',
    '?a#b',
    '?a b',
  ])('%j is refused', (given) => {
    expect(() => nativeTarget(base + given)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it.each([
    '/%76%31/connections/fm-east/native/x',
    '/v1/connections/fm-east/%6eative/x',
    'http://evil.example/v1/connections/fm-east/native/x',
    '//v1/connections/fm-east/native/x',
    '/v1/./connections/fm-east/native/x',
    '*',
    '',
  ])('a way to it that is spelled %j is refused', (url) => {
    expect(() => nativeTarget(url)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });

  it('whatever is passed on, no parser reads another place out of it', () => {
    const piece = fc.constantFrom(
      '.',
      '..',
      '/',
      '\\',
      '%',
      '2e',
      '2f',
      '5c',
      '25',
      ';',
      ':',
      '@',
      '?',
      '#',
      'a',
      '//',
      '%2e',
      '%2f',
      '%25',
      '\t',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let target: string;
        try {
          ({ target } = nativeTarget(`${base}/${pieces.join('')}`));
        } catch {
          return true; // refused
        }
        let path = `/api/v2${target.split('?', 1)[0]}`;
        for (let times = 0; times < 3; times += 1) {
          const url = new URL(path, 'http://upstream.example');
          if (url.host !== 'upstream.example' || !/^\/api\/v2(\/|$)/.test(url.pathname)) return false;
          try {
            path = decodeURIComponent(path);
          } catch {
            return true; // a lone %, which nothing can be read out of
          }
        }
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});
