import { decodeId, encodeId, type Key, kinds, Slug } from '../src/index.ts';

const awkward: Key[] = [
  ['a'],
  ['3f0c8a5e-1111-4222-8333-444455556666'],
  ['zone/with/slashes', 'cluster'],
  ['zone', 'with/slashes/cluster'],
  ['per%2Fcent', '%'],
  ['ünïcödé', '集群', '🚀'],
  ['.', '..'],
  ['x'.repeat(512), 'y'.repeat(512), 'z', '0'],
];

describe('ids', () => {
  it.each(kinds)('carry a %s to where it lives and back', (kind) => {
    for (const key of awkward) {
      const id = encodeId(kind, 'fm-east', key);
      expect(id).toMatch(/^(proj|deploy|rel|cluster|grp)_[A-Za-z0-9_-]+$/);
      expect(decodeId(id)).toEqual({ kind, connection: 'fm-east', key });
    }
  });

  it('differ wherever kind, connection or any part of the key differs', () => {
    const ids = kinds.flatMap((kind) =>
      ['fm-east', 'fm-west'].flatMap((connection) => awkward.map((key) => encodeId(kind, connection, key))),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('stay what they are: callers keep them', () => {
    expect(encodeId('cluster', 'chime-lab', ['az-1', 'c 2'])).toBe('cluster_Y2hpbWUtbGFiL2F6LTEvYyUyMDI');
  });

  it.each([
    '',
    'cluster',
    'cluster_',
    'cluster_!!!',
    'vm_Y2hpbWUtbGFiL2F6LTE',
    `cluster_${Buffer.from('no-key').toString('base64url')}`,
    `cluster_${Buffer.from('fm/').toString('base64url')}`,
    `cluster_${Buffer.from('Not A Slug/x').toString('base64url')}`,
    `cluster_${Buffer.from('fm/%ZZ').toString('base64url')}`,
    `cluster_${Buffer.from('fm/a%62').toString('base64url')}`,
    `${encodeId('cluster', 'fm', ['a'])}=`,
    `${encodeId('cluster', 'fm', ['a'])} `,
    `cluster_${'A'.repeat(4000)}`,
    'constructor_YQ',
  ])('are not made of %j', (text) => {
    expect(decodeId(text)).toBeUndefined();
  });
});

describe('slugs', () => {
  it.each(['a', 'fm-east', '0', 'a'.repeat(63)])('take %s', (slug) => {
    expect(Slug.safeParse(slug).success).toBe(true);
  });
  it.each(['', '-a', 'a-', 'A', 'a_b', 'a/b', 'a'.repeat(64), 'ä'])('refuse %j', (slug) => {
    expect(Slug.safeParse(slug).success).toBe(false);
  });
});
