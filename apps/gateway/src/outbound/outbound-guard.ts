import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { Fault } from '@fleetgate/model';
import { whyDenied } from './address-rules.ts';
import type { AllowedNetworks } from './allowed-networks.ts';

/** All addresses of a host name; rejects with an error of Node's `dns`. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

const lookupAll = promisify(systemLookup);
export const systemResolve: Resolve = (host) => lookupAll(host, { all: true, order: 'verbatim' });

/**
 * Keeps calls to addresses that users chose away from what only the gateway can reach: its own machine, its network, the cloud's
 * metadata. Names are resolved here and nowhere else, so that the address that was checked is the one that is connected to:
 * hand `lookup` to `createTransport`, which asks it for every socket.
 */
export class OutboundGuard {
  constructor(
    private readonly allowed: AllowedNetworks,
    private readonly resolve: Resolve = systemResolve,
  ) {}

  /** For sockets. A host is refused as a whole when any of its addresses is. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#look(host)
      .then(({ addresses, complaint }) => {
        // Not which address: that would tell a caller what a name is within our network.
        if (complaint) throw new Fault('unavailable', `${host} ${complaint}`, { sent: false });
        const family = familyOf(options.family);
        const fitting = addresses.filter((one) => family === 0 || one.family === family);
        const [first] = fitting;
        if (!first) throw Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
        if (options.all) callback(null, [...fitting]);
        else callback(null, first.address, first.family);
      })
      .catch((error: NodeJS.ErrnoException) => callback(error, options.all ? [] : ''));
  };

  /** What is wrong with a URL, to be read after the name of its field; undefined: it may be called, as of now. */
  async complaintAbout(text: string): Promise<string | undefined> {
    const url = URL.parse(text);
    if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http or https address';
    try {
      return (await this.#look(url.hostname.replace(/^\[|\]$/g, ''))).complaint;
    } catch {
      return 'names a host that cannot be resolved'; // whatever the resolver says comes to this
    }
  }

  async #look(host: string): Promise<{ addresses: readonly LookupAddress[]; complaint?: string }> {
    const family = isIP(host);
    const addresses = family === 0 ? await this.resolve(host) : [{ address: host, family }];
    for (const { address } of addresses) {
      const kind = whyDenied(address, host, this.allowed);
      if (kind === undefined) continue;
      return {
        addresses,
        complaint: `${family === 0 ? 'leads to' : 'is'} ${kind}, which is not allowed here`,
      };
    }
    return { addresses };
  }
}

function familyOf(family: number | 'IPv4' | 'IPv6' | undefined): number {
  if (family === 'IPv4') return 4;
  if (family === 'IPv6') return 6;
  return family ?? 0;
}
