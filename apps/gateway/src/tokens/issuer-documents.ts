import { randomUUID } from 'node:crypto';
import { createTransport, newCall, type Transport } from '@fleetgate/provider-runtime';

/** Bounds on what an issuer outside is asked for: one document, in bytes, and the time until it is there, in milliseconds. */
const maxBytes = 256 * 1024;
const deadlineMs = 5_000;

/** Gets one JSON document. Rejects when it does not come in time, is too large, is no JSON or no 200. Follows no redirect. */
export type GetDocument = (url: string) => Promise<unknown>;

/** The documents of issuers, over keep-alive pools of their own. */
export class IssuerDocuments {
  readonly #transport: Transport = createTransport({ maxBytes });

  readonly get: GetDocument = async (url) => {
    const call = newCall({
      requestId: randomUUID(),
      signal: AbortSignal.timeout(deadlineMs),
      random: Math.random,
    });
    const headers = { accept: 'application/json' };
    const request = { method: 'GET', url, headers, repeatable: true, timeoutMs: deadlineMs };
    const { status, text } = await this.#transport.send(request, call);
    if (status !== 200) throw new Error(`${url} answers ${status}`);
    return JSON.parse(text) as unknown;
  };

  close(): Promise<void> {
    return this.#transport.close();
  }
}
