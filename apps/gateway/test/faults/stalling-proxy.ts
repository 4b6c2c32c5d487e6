import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StallingProxy {
  readonly url: string;
  /** origin of the upstream behind it */
  target: string;
  /** requests with that in their path whose client went away before the answer was whole */
  abandoned(path: string): number;
  /** those that wait for the rest of their answer */
  waiting(path: string): number;
  close(): Promise<void>;
}

/** What becomes of an answer: nothing more after its head and first byte, a byte every 50 ms, or nothing at all. */
export type Stall = 'hang_in_body' | 'slow_drip' | 'hang';

/** Passes requests on to an upstream, and answers come back as slowly as they never do in a test of anything else. */
export async function stallingProxy(stall: Stall): Promise<StallingProxy> {
  const abandoned: string[] = [];
  const waiting = new Set<{ readonly url: string }>();
  const server = createServer((incoming, outgoing) => {
    const one = { url: incoming.url ?? '' };
    waiting.add(one);
    const away = new AbortController();
    outgoing.once('close', () => {
      waiting.delete(one);
      if (outgoing.writableFinished) return;
      abandoned.push(one.url);
      away.abort();
    });
    if (stall === 'hang') return;
    const { method, headers, url } = incoming;
    const onward = ask(`${proxy.target}${url}`, { method, headers }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      const length = { 'content-length': String(body.length + 1000) }; // more than there is: it is never whole
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': 'application/json', ...length });
      outgoing.write(body.subarray(0, 1));
      for (let at = 1; stall === 'slow_drip' && !away.signal.aborted; at += 1) {
        await sleep(50, undefined, { signal: away.signal }).catch(() => undefined); // it went away, and the loop ends
        outgoing.write(body[at] === undefined ? ' ' : body.subarray(at, at + 1));
      }
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: StallingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: '',
    abandoned: (path) => abandoned.filter((url) => url.includes(path)).length,
    waiting: (path) => [...waiting].filter(({ url }) => url.includes(path)).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
