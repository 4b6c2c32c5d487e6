import { KnownSecrets } from '../../src/logging/known-secrets.ts';

const cover = (secrets: KnownSecrets, text: string) => secrets.cover(text, '*');

describe('secrets of owners that come and go', () => {
  it('are covered while they are held, once more after a change, and a while after their owner is gone', () => {
    const secrets = new KnownSecrets();
    secrets.hold('fm', ['key-one']);
    secrets.hold('fm', ['key-two']);
    expect(cover(secrets, 'key-one key-two')).toBe('* *');
    secrets.release('fm');
    expect(cover(secrets, 'key-one key-two')).toBe('* *');
  });

  it('are forgotten when enough others have followed', () => {
    const secrets = new KnownSecrets();
    for (let i = 0; i < 3000; i++) {
      secrets.hold(`owner-${i}`, [`secret-${i}-end`]);
      secrets.release(`owner-${i}`);
    }
    expect(cover(secrets, 'secret-0-end secret-2999-end')).toBe('secret-0-end *');
  });

  it('are covered as long as any owner holds them', () => {
    const secrets = new KnownSecrets();
    secrets.add('for-ever');
    for (const owner of ['a', 'b']) secrets.hold(owner, ['the-same', 'for-ever']);
    for (let i = 0; i < 3; i++) secrets.hold('a', [`other-${i}`]);
    for (let i = 0; i < 2000; i++) {
      secrets.hold('c', [`more-${i}`]);
      secrets.pass('d', `token-${i}`);
    }
    expect(cover(secrets, 'the-same for-ever token-0 token-1999')).toBe('* * token-0 *');
  });
});

describe('a text', () => {
  const secrets = new KnownSecrets();
  for (const secret of ['abcdef', 'cdefghij', 'abcdefgh', 'xyxyxyxy', 'ü"ber/all']) secrets.add(secret);

  it.each([
    ['abcdefghij', '*'],
    ['-abcdefghij-abcdef', '-*-*'],
    ['abcdefabcdef', '*'],
    ['xyxyxyxyxy', '*'],
    ['abcde', 'abcde'],
    ['%C3%BC%22ber%2Fall ü\\"ber/all ü"ber/all', '* * *'],
    ['', ''],
  ])('%s becomes %s', (text, clean) => expect(cover(secrets, text)).toBe(clean));

  it('costs the same however many are known', () => {
    const many = new KnownSecrets();
    for (let i = 0; i < 20_000; i++) many.add(`secret of ${i}`);
    expect(cover(many, `a line with secret of 777 in it, and secret of nobody`)).toBe(
      'a line with * in it, and secret of nobody',
    );
  });
});
