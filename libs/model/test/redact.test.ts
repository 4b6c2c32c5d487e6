import { redact } from '../src/index.ts';

describe('what is redacted', () => {
  it('is every value under a name that speaks of a secret, at any depth', () => {
    expect(
      redact({
        name: 'a',
        password: 'p',
        list: [{ apiKey: 'k', port: 1 }],
        cloud: { clientSecret: { id: 'x' } },
      }),
    ).toEqual({
      name: 'a',
      password: '[redacted]',
      list: [{ apiKey: '[redacted]', port: 1 }],
      cloud: { clientSecret: '[redacted]' },
    });
  });

  it('is a line of a text, and not what is unset or a yes or no', () => {
    expect(redact('kind: App\ntoken: abc\nport: 1')).toBe('kind: App\ntoken: [redacted]\nport: 1');
    expect(redact({ token: null, password: '', hasKubeConfig: true })).toEqual({
      token: null,
      password: '',
      hasKubeConfig: true,
    });
  });

  it('is a copy: what was given is left as it was', () => {
    const given = { password: 'p' };
    redact(given);
    expect(given).toEqual({ password: 'p' });
  });
});
