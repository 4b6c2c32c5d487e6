import type { Kind, Pagination, Source } from '@fleetgate/model';
import type { Answer, Stack } from './stack.ts';

/** A resource as it came over HTTP. */
export interface Item extends Record<string, unknown> {
  id: string;
  name: string;
  labels: Record<string, string>;
  connection: { id: string; provider: string };
  created_at: string | null;
  updated_at: string | null;
}

export interface ListBody {
  data: Item[];
  pagination: Pagination;
  sources: Source[];
  requestId: string;
}

/** The lists that have a path of their own; releases are listed under their deployment only. */
export const listPaths = {
  project: '/v1/projects',
  cluster: '/v1/clusters',
  cluster_group: '/v1/cluster-groups',
  deployment: '/v1/deployments',
} as const;

export const kindsWithList = Object.keys(listPaths) as (keyof typeof listPaths)[];

/** Which connections of `everyPlatform` hold each kind. */
export const holders: Record<Kind, readonly string[]> = {
  project: ['apps', 'fm-east', 'fm-west', 'palette-eu'],
  cluster: ['chime', 'fm-east', 'fm-west', 'palette-eu', 'toolkit'],
  cluster_group: ['fm-east', 'fm-west', 'palette-eu'],
  deployment: ['apps', 'fm-east', 'fm-west', 'palette-eu', 'toolkit'],
  release: ['apps', 'fm-east', 'fm-west'],
};

export function listOf({ status, text, body }: Answer): ListBody {
  if (status !== 200) throw new Error(`answered ${status}: ${text}`);
  return body as ListBody;
}

export async function list(stack: Stack, path: string): Promise<ListBody> {
  return listOf(await stack.ask(path));
}

const joined = (path: string, parameters: string) => `${path}${path.includes('?') ? '&' : '?'}${parameters}`;

/** Every page by its number. */
export async function byPages(stack: Stack, path: string, limit = 100): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const body = await list(stack, joined(path, `limit=${limit}&page=${page}`));
    items.push(...body.data);
    pages = body.pagination.pages;
  }
  return items;
}

/** From one `next_cursor` to the next, to the end. */
export async function byCursor(stack: Stack, path: string, limit = 100): Promise<Item[]> {
  const items: Item[] = [];
  let body = await list(stack, joined(path, `limit=${limit}`));
  items.push(...body.data);
  while (body.pagination.next_cursor !== null) {
    const cursor = encodeURIComponent(body.pagination.next_cursor);
    body = await list(stack, joined(path, `limit=${limit}&cursor=${cursor}`));
    items.push(...body.data);
  }
  return items;
}
