import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { Fault } from '@fleetgate/model';
import type { Call, OutgoingRequest } from '@fleetgate/provider-spec';
import { type Dispatcher, Pool } from 'undici';
import type { SizedResponse } from './attempt.ts';
import { exchange } from './exchange.ts';
import { guardedConnector } from './guarded-connector.ts';

/** A request that goes out as it is. */
export interface PassedRequest {
  readonly method: string;
  /** http or https, without a path */
  readonly origin: string;
  /** with the query */
  readonly path: string;
  /** name, value, name, value, … as they go over the wire */
  readonly headers: string[];
  readonly body: Readable | Buffer | null;
}

/** Speaks HTTP for every connection of the process. */
export interface Transport {
  /**
   * One attempt at one request, as `Send` describes it, without limits and repeats. When the call's signal is aborted it
   * rejects with its reason where that is a `Fault`, else with `timeout` or `unavailable`.
   */
  send(request: OutgoingRequest, call: Call): Promise<SizedResponse>;
  /** One attempt at a request whose answer is told to a handler of undici's as it comes. Throws what is known at once. */
  dispatch(request: PassedRequest, handler: Dispatcher.DispatchHandler): void;
  /** Ends what is under way with `unavailable`, and closes every socket. */
  close(): Promise<void>;
}

export interface TransportOptions {
  /** the largest body that is read, in bytes; default 16 MiB */
  maxBytes?: number;
  /** bound on name look-up, TCP and TLS; default 5,000 */
  connectTimeoutMs?: number;
  /** how long an idle socket is kept, unless the upstream says less; default 30,000 */
  keepAliveMs?: number;
  /**
   * Decides to which addresses a host leads, in place of the system; asked for every new socket, also where the host is an
   * address itself. What it fails with ends the request, as it is where that is a `Fault`.
   */
  lookup?: LookupFunction;
  /** how many origins keep sockets at once; the one unused for longest gives way; default 256 */
  maxOrigins?: number;
}

/** sockets to one origin, over all connections that use it: a bound for a leak of ours, not a limit of anybody's */
const maxSockets = 256;

export function createTransport(options: TransportOptions = {}): Transport {
  const {
    maxBytes = 16 * 2 ** 20,
    connectTimeoutMs = 5_000,
    keepAliveMs = 30_000,
    maxOrigins = 256,
    lookup,
  } = options;
  /** in order of use, the latest last */
  const pools = new Map<string, Pool>();
  /** out of use, with requests still under way */
  const retired = new Set<Pool>();
  /** the one used latest */
  let latest: { readonly origin: string; readonly pool: Pool } | undefined;
  let closed = false;
  /** ends every socket, also those that undici gave up while they were connecting, and forgot */
  const sockets = new AbortController();

  function poolOf(origin: string): Pool {
    if (latest?.origin === origin) return latest.pool;
    const pool = pools.get(origin) ?? createPool(origin);
    latest = { origin, pool };
    pools.delete(origin);
    pools.set(origin, pool);
    for (const [oldest, unused] of pools) {
      if (pools.size <= maxOrigins) break;
      pools.delete(oldest);
      retired.add(unused);
      void unused.close().finally(() => retired.delete(unused));
    }
    return pool;
  }

  function createPool(origin: string): Pool {
    return new Pool(origin, {
      connections: maxSockets,
      connect: guardedConnector({
        allowH2: false,
        timeout: connectTimeoutMs,
        signal: sockets.signal,
        ...(lookup ? { lookup } : {}),
      }),
      // One broken HTTP/2 session would fail every request that shares it, and one aborted request would not free a socket.
      allowH2: false,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      // One deadline over connecting, headers and body takes the place of both.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  return {
    async send(request, call) {
      if (closed) throw new Fault('unavailable', 'the gateway is shutting down', { sent: false });
      const url = URL.parse(request.url);
      if (!url || !/^https?:$/.test(url.protocol)) {
        throw new Fault('invalid', 'the address of the request is not an http or https URL', { sent: false });
      }
      return exchange({ pool: poolOf(url.origin), url, request, signal: call.signal, maxBytes });
    },
    dispatch(request, handler) {
      if (closed) throw new Fault('unavailable', 'the gateway is shutting down', { sent: false });
      poolOf(request.origin).dispatch(request as Dispatcher.DispatchOptions, handler);
    },
    async close() {
      closed = true;
      const all = [...pools.values(), ...retired];
      pools.clear();
      await Promise.all(
        all.map((pool) => pool.destroy(new Fault('unavailable', 'the gateway is shutting down'))),
      );
      sockets.abort();
    },
  };
}
