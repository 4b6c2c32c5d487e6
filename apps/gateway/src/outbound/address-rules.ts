import ipaddr from 'ipaddr.js';
import type { Address, AllowedNetworks } from './allowed-networks.ts';

/**
 * Where clouds tell a machine its own credentials (AWS, ECS, EKS, Google, Azure's wire server, Oracle, Alibaba). One of them is
 * allowed only by its own address: a wide network that happens to hold it does not mean it.
 */
const metadata: ReadonlySet<string> = new Set(
  [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    '168.63.129.16',
    '192.0.0.192',
    '100.100.100.200',
  ].map((text) => ipaddr.parse(text).toString()),
);

/** In words; whatever is in no list of ours or of IANA's is `reserved`. */
const words: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified address',
  loopback: 'a loopback address',
  linkLocal: 'a link-local address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  deprecatedSiteLocal: 'a private address',
  carrierGradeNat: 'a carrier-grade NAT address',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
  '6to4': 'a 6to4 address',
  teredo: 'a Teredo address',
};

/** All that is handed out of IPv6 for the public internet (IANA, IPv6 Global Unicast Address Assignments). */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * What kind of address it is that may not be called, in words; undefined: it may. `text` is an IPv4 or IPv6 address in any
 * spelling, `host` the name that led to it, or the address itself.
 */
export function whyDenied(text: string, host: string, allowed: AllowedNetworks): string | undefined {
  const [plain = ''] = text.split('%');
  if (!ipaddr.isValid(plain)) return 'no address';
  const address = ipaddr.parse(plain);
  const inner = innerOf(address);
  if (metadata.has(inner.toString())) {
    return allowed.names(inner) ? undefined : 'an address of cloud metadata';
  }
  if (allowed.hasHost(host) || allowed.has(address) || allowed.has(inner)) return undefined;
  const range = inner.range();
  if (range === 'unicast' && (inner.kind() === 'ipv4' || inner.match(globalUnicast as never)))
    return undefined;
  return words[range] ?? 'a reserved address';
}

/** The IPv4 address that an IPv6 one stands for where it is only another way to write it, or is translated on its way (RFC 6052). */
function innerOf(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const six = address as ipaddr.IPv6;
  const isTranslated = six.match(ipaddr.IPv6.parse('64:ff9b::'), 96);
  return six.isIPv4MappedAddress() || isTranslated ? new ipaddr.IPv4(six.toByteArray().slice(-4)) : address;
}
