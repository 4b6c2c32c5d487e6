import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { createTransport, newCall } from '@fleetgate/provider-runtime';
import { AllowedNetworks, isAllowedNetwork } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard, type Resolve } from '../../src/outbound/outbound-guard.ts';

const noName: Resolve = (host) => Promise.reject(new Error(`nobody should ask for ${host}`));
const guard = (allowed: string[] = [], resolve: Resolve = noName) =>
  new OutboundGuard(new AllowedNetworks(allowed), resolve);
const found = (...addresses: string[]): readonly LookupAddress[] =>
  addresses.map((address) => ({ address, family: isIP(address) }));

const denied: [address: string, kind: string][] = [
  ['127.0.0.1', 'a loopback address'],
  ['127.255.255.254', 'a loopback address'],
  ['[::1]', 'a loopback address'],
  ['0.0.0.0', 'an unspecified address'],
  ['0.1.2.3', 'an unspecified address'],
  ['[::]', 'an unspecified address'],
  ['10.0.0.1', 'a private address'],
  ['172.16.0.1', 'a private address'],
  ['172.31.255.255', 'a private address'],
  ['192.168.1.1', 'a private address'],
  ['[fc00::1]', 'a private address'],
  ['[fdff::1]', 'a private address'],
  ['[fec0::1]', 'a private address'],
  ['169.254.1.1', 'a link-local address'],
  ['[fe80::1]', 'a link-local address'],
  ['100.64.0.1', 'a carrier-grade NAT address'],
  ['100.127.255.255', 'a carrier-grade NAT address'],
  ['224.0.0.1', 'a multicast address'],
  ['[ff02::1]', 'a multicast address'],
  ['255.255.255.255', 'a broadcast address'],
  ['192.0.2.1', 'a reserved address'],
  ['198.18.0.1', 'a reserved address'],
  ['198.51.100.1', 'a reserved address'],
  ['203.0.113.1', 'a reserved address'],
  ['240.0.0.1', 'a reserved address'],
  ['[2001:db8::1]', 'a reserved address'],
  ['[100::1]', 'a reserved address'],
  ['[64:ff9b:1::1]', 'a reserved address'],
  ['[4000::1]', 'a reserved address'],
  ['[2002:0808:0808::1]', 'a 6to4 address'],
  ['[2002:7f00:1::1]', 'a 6to4 address'],
  ['[2001:0:808:808::1]', 'a Teredo address'],
  // clouds
  ['169.254.169.254', 'an address of cloud metadata'],
  ['169.254.170.2', 'an address of cloud metadata'],
  ['168.63.129.16', 'an address of cloud metadata'],
  ['100.100.100.200', 'an address of cloud metadata'],
  ['192.0.0.192', 'an address of cloud metadata'],
  ['[fd00:ec2::254]', 'an address of cloud metadata'],
  ['[FD00:EC2:0:0:0:0:0:254]', 'an address of cloud metadata'],
  ['[fd20:ce::254]', 'an address of cloud metadata'],
  // IPv4 inside of IPv6
  ['[::ffff:127.0.0.1]', 'a loopback address'],
  ['[::ffff:7f00:1]', 'a loopback address'],
  ['[::ffff:a9fe:a9fe]', 'an address of cloud metadata'],
  ['[64:ff9b::10.1.2.3]', 'a private address'],
  ['[64:ff9b::a9fe:a9fe]', 'an address of cloud metadata'],
  ['[::127.0.0.1]', 'a reserved address'],
  ['[::ffff:0:127.0.0.1]', 'a reserved address'],
  // other spellings of IPv4
  ['2130706433', 'a loopback address'],
  ['0x7f000001', 'a loopback address'],
  ['017700000001', 'a loopback address'],
  ['0177.0.0.1', 'a loopback address'],
  ['0x7f.0.0.1', 'a loopback address'],
  ['127.1', 'a loopback address'],
  ['127.0.1', 'a loopback address'],
  ['2852039166', 'an address of cloud metadata'],
  ['0xA9.0xFE.0xA9.0xFE', 'an address of cloud metadata'],
  ['0251.0376.0251.0376', 'an address of cloud metadata'],
  ['１２７.0.0.1', 'a loopback address'], // full-width digits
  ['127。0。0。1', 'a loopback address'], // ideographic full stops
  ['%31%32%37.0.0.1', 'a loopback address'],
];

describe('an address that may not be called', () => {
  it.each(denied)('%s is %s', async (host, kind) => {
    const complaint = await guard().complaintAbout(`https://${host}:8443/api`);
    expect(complaint).toBe(`is ${kind}, which is not allowed here`);
  });

  it.each(denied)('%s is so as well when a name leads to it', async (host, kind) => {
    const address = new URL(`https://${host}/`).hostname.replace(/[[\]]/g, '');
    const resolve = async () => found('8.8.8.8', address);
    const complaint = await guard([], resolve).complaintAbout('https://fm.example/');
    expect(complaint).toBe(`leads to ${kind}, which is not allowed here`);
  });

  it.each(['8.8.8.8', '1.1.1.1', '[2606:4700:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]'])(
    '%s is not',
    async (host) => expect(await guard().complaintAbout(`http://${host}/`)).toBeUndefined(),
  );

  it.each(['ftp://8.8.8.8/', 'file:///etc/passwd', 'gopher://8.8.8.8/', '//8.8.8.8', 'nonsense', ''])(
    '%j is no address of a platform at all',
    async (text) => expect(await guard().complaintAbout(text)).toBe('must be an http or https address'),
  );

  it('is told without the address that a name leads to', async () => {
    const complaint = await guard([], async () => found('10.20.30.40')).complaintAbout('http://db.corp/');
    expect(complaint).not.toContain('10.20');
  });

  it('is told from a name that leads nowhere', async () => {
    const nowhere: Resolve = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
    expect(await guard([], nowhere).complaintAbout('http://gone.example/')).toBe(
      'names a host that cannot be resolved',
    );
  });
});

describe('what the operator allows', () => {
  const resolve: Resolve = async (host) => found(host === 'meta.corp' ? '169.254.169.254' : '10.1.2.3');
  it.each([
    [['127.0.0.0/8'], 'http://127.0.0.1/', true],
    [['127.0.0.0/8'], 'http://[::ffff:127.0.0.1]/', true],
    [['127.0.0.0/8'], 'http://[::1]/', false],
    [['::1'], 'http://[::1]/', true],
    [['10.0.0.0/8'], 'http://palette.corp/', true],
    [['10.1.2.3'], 'http://palette.corp/', true],
    [['10.1.2.4/31'], 'http://palette.corp/', false],
    [['Palette.Corp'], 'http://palette.corp/', true],
    [['palette.corp'], 'http://PALETTE.corp./', true],
    [['palette.corp'], 'http://evil.palette.corp/', false],
    [['palette.corp'], 'http://10.1.2.3/', false],
    // Metadata only by its very address.
    [['0.0.0.0/0', '::/0'], 'http://169.254.169.254/', false],
    [['169.254.0.0/16'], 'http://169.254.169.254/', false],
    [['meta.corp'], 'http://meta.corp/', false],
    [['169.254.169.254'], 'http://169.254.169.254/', true],
    [['fd00::/8'], 'http://[fd00:ec2::254]/', false],
  ])('%j: %s may be called: %s', async (allowed, url, may) => {
    expect((await guard(allowed, resolve).complaintAbout(url)) === undefined).toBe(may);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', '::1/129', '10.0.0.0/8/8', '*.corp', 'a b', '0x7f.1', '', '10.0.0.0/'])(
    'cannot be %j',
    (entry) => expect(isAllowedNetwork(entry)).toBe(false),
  );

  it.each(['10.0.0.0/8', '10.1.2.3', 'fd12::/16', '::1', 'palette.corp', 'localhost'])('can be %j', (entry) =>
    expect(isAllowedNetwork(entry)).toBe(true),
  );
});

describe('over a transport', () => {
  let server: Server;
  let visits = 0;
  let port: number;
  beforeAll(async () => {
    server = createServer((_, response) => {
      visits += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    visits = 0;
  });

  const send = async (url: string, guarded: OutboundGuard) => {
    const transport = createTransport({ lookup: guarded.lookup });
    const request = { method: 'GET', url, headers: {}, repeatable: true, timeoutMs: 2000 };
    const { signal } = new AbortController();
    try {
      return await transport.send(
        request,
        newCall({ requestId: 'req-of-guard', signal, random: Math.random }),
      );
    } finally {
      await transport.close();
    }
  };

  it('a name that led elsewhere when it was looked at is refused when it is connected to', async () => {
    const answers = ['8.8.8.8', '127.0.0.1'];
    const rebinding = guard([], async () => found(answers.shift() as string));
    const url = `http://rebind.example:${port}/`;
    expect(await rebinding.complaintAbout(url)).toBeUndefined();
    await expect(send(url, rebinding)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'rebind.example leads to a loopback address, which is not allowed here',
      sent: false,
    });
    expect(visits).toBe(0);
  });

  it('a name with one good and one bad address is refused as a whole', async () => {
    const mixed = guard([], async () => found('8.8.8.8', '127.0.0.1'));
    await expect(send(`http://mixed.example:${port}/`, mixed)).rejects.toMatchObject({ code: 'unavailable' });
    expect(visits).toBe(0);
  });

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'the spelling %s reaches nothing',
    async (host) => {
      const system = new OutboundGuard(new AllowedNetworks());
      await expect(send(`http://${host}:${port}/`, system)).rejects.toMatchObject({ code: 'unavailable' });
      expect(visits).toBe(0);
    },
  );

  it('what is allowed is reached, at the address that was looked up', async () => {
    const asked: string[] = [];
    const open = guard(['127.0.0.0/8'], async (host) => {
      asked.push(host);
      return found('127.0.0.1');
    });
    expect(await send(`http://sandbox.example:${port}/`, open)).toMatchObject({ status: 200 });
    expect(asked).toEqual(['sandbox.example']);
    expect(visits).toBe(1);
  });
});
