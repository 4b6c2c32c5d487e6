import type { Upstream } from '../src/index.ts';

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  body: unknown;
}

/** One request with that upstream's key in the place where it belongs; `headers` may override it. */
export async function call(
  upstream: Upstream,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answered> {
  const { apiKey } = upstream.credentials;
  const key: Record<string, string> =
    upstream.name === 'fleet-manager' ? { 'api-key': apiKey ?? '' } : { authorization: `Bearer ${apiKey}` };
  const answer = await fetch(upstream.baseUrl + path, { ...init, headers: { ...key, ...init.headers } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the test looks at the text
  }
}

export interface FleetPage {
  meta: { offset: number; limit: number; total: number };
  items: Record<string, unknown>[];
}

export async function fleetPage(upstream: Upstream, path: string): Promise<FleetPage> {
  const { status, body, text } = await call(upstream, path);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return body as FleetPage;
}

/** All rows of a Fleet Manager list, by offset. */
export async function fleetWalk(
  upstream: Upstream,
  path: string,
  limit = 200,
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  const separator = path.includes('?') ? '&' : '?';
  for (;;) {
    const page = await fleetPage(upstream, `${path}${separator}offset=${rows.length}&limit=${limit}`);
    rows.push(...page.items);
    if (page.items.length === 0 || rows.length >= page.meta.total) return rows;
  }
}

/** Stops whatever a test has started. */
export function starter(): {
  keep<T extends { close(): Promise<void> }>(started: Promise<T>): Promise<T>;
  stopAll(): Promise<void>;
} {
  const running: { close(): Promise<void> }[] = [];
  return {
    keep: async (started) => {
      const thing = await started;
      running.push(thing);
      return thing;
    },
    stopAll: async () => {
      await Promise.all(running.splice(0).map((thing) => thing.close()));
    },
  };
}
