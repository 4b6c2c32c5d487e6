import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Network {
  readonly base: Address;
  /** bits that have to be equal */
  readonly prefix: number;
}

/** What the operator lets API-made connections reach beside the public internet: networks, addresses and host names. */
export class AllowedNetworks {
  readonly #networks: readonly Network[];
  readonly #hosts: ReadonlySet<string>;

  /** `entries`: as `isAllowedNetwork` takes them */
  constructor(entries: readonly string[] = []) {
    const networks = entries.map(networkOf);
    this.#networks = networks.filter((network) => network !== undefined);
    this.#hosts = new Set(entries.filter((_, at) => networks[at] === undefined).map(plainHost));
  }

  hasHost(host: string): boolean {
    return this.#hosts.has(plainHost(host));
  }

  has(address: Address): boolean {
    return this.#networks.some(
      ({ base, prefix }) => base.kind() === address.kind() && address.match(base as never, prefix),
    );
  }

  /** Whether the address itself is named, and not a network around it. */
  names(address: Address): boolean {
    return this.#networks.some(
      ({ base, prefix }) => prefix === bitsOf(base) && base.toString() === address.toString(),
    );
  }
}

/** 10.0.0.0/8, fd12::/16, 192.0.2.7, ::1, or a host name without wildcards. */
export function isAllowedNetwork(entry: string): boolean {
  return networkOf(entry) !== undefined || (hostName.test(entry) && !looksLikeAddress.test(entry));
}

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*\.?$/i;
const looksLikeAddress = /^[\d.]+$|^0x/i;

function networkOf(entry: string): Network | undefined {
  const [address = '', bits, ...more] = entry.split('/');
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return undefined;
  const base = ipaddr.parse(address);
  if (bits === undefined) return { base, prefix: bitsOf(base) };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsOf(base)) return undefined;
  return { base, prefix: Number(bits) };
}

function bitsOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
