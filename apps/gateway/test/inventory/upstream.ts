import {
  type AnyRecord,
  type ClusterRecord,
  type DeploymentRecord,
  Fault,
  type Key,
  type Kind,
  keyText,
  type ProjectRecord,
  type ReleaseRecord,
} from '@fleetgate/model';
import type { Condition } from '@fleetgate/provider-runtime';
import { type Facet, facetOf, type Page, type ProviderDefinition } from '@fleetgate/provider-spec';
import { z } from 'zod';
import type { Connection, Connections } from '../../src/connections/connection.ts';

/** What a test lets happen before a page of a list is given; it may reject, or wait. */
export type BeforePage = (kind: Kind, page: number, signal: AbortSignal) => void | Promise<void>;

/** It is in no trouble, and nothing is under way. */
const idle: Condition = {
  breakers: { read: 'closed', write: 'closed', sync: 'closed', native: 'closed' },
  underWay: { read: 0, write: 0, sync: 0, native: 0 },
};

/** An upstream that lives in memory: objects by kind, listed in the order in which they were put, paged by offset. */
export class Upstream {
  readonly objects = new Map<Kind, Map<string, AnyRecord>>();
  readonly lists: string[] = [];
  readonly gets: string[] = [];
  pageSize = 10;
  beforePage: BeforePage = () => {};
  beforeGet: (kind: Kind, key: Key) => void | Promise<void> = () => {};
  /** whether pages say that rows were shifted under the walk */
  shifted = false;
  /** keys that lists leave out, though the objects are there */
  readonly hidden = new Set<string>();

  constructor(readonly kinds: readonly Kind[] = ['project', 'cluster', 'deployment', 'release']) {
    for (const kind of kinds) this.objects.set(kind, new Map());
  }

  put(kind: Kind, ...records: AnyRecord[]): void {
    for (const record of records) this.of(kind).set(keyText(record.key), record);
  }

  remove(kind: Kind, key: Key): void {
    this.of(kind).delete(keyText(key));
  }

  of(kind: Kind): Map<string, AnyRecord> {
    return this.objects.get(kind) as Map<string, AnyRecord>;
  }

  connection(
    slug: string,
    more: Partial<Connection> & { provider?: never; providerId?: string } = {},
  ): Connection {
    const facets = Object.fromEntries(this.kinds.map((kind) => [facetOf[kind], this.facet(kind)]));
    const { providerId = 'memory', ...facts } = more;
    const definition: ProviderDefinition = {
      id: providerId,
      title: 'In memory',
      settings: z.strictObject({}),
      example: {},
      limits: () => ({ concurrency: 4 }),
      connect: () => provider,
    };
    const provider = { account: { identify: async () => ({ name: null }) }, ...facets };
    const connected = { ...provider, condition: () => idle };
    return { slug, definition, team: null, syncIntervalMs: 60_000, provider: connected, ...facts };
  }

  private facet(kind: Kind): Facet<AnyRecord> {
    return {
      list: async ({ cursor }, { signal }): Promise<Page<AnyRecord>> => {
        const offset = Number(cursor ?? 0);
        if (Number.isNaN(offset)) throw new Fault('invalid', 'no cursor of mine', { field: 'cursor' });
        this.lists.push(`${kind} ${offset}`);
        await this.beforePage(kind, offset / this.pageSize, signal);
        const all = [...this.of(kind)].filter(([key]) => !this.hidden.has(key)).map(([, record]) => record);
        const items = all.slice(offset, offset + this.pageSize);
        const next = offset + this.pageSize < all.length ? { next: String(offset + this.pageSize) } : {};
        return { items, ...next, ...(this.shifted ? { shifted: true } : {}) };
      },
      get: async ({ key }) => {
        this.gets.push(`${kind} ${keyText(key)}`);
        await this.beforeGet(kind, key);
        const found = this.of(kind).get(keyText(key));
        if (!found) throw new Fault('not_found', 'no such object');
        return found;
      },
    };
  }
}

export function connectionsOf(...list: Connection[]): Connections {
  const sorted = list.toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
  return { all: () => sorted, find: (slug) => sorted.find((one) => one.slug === slug) };
}

const common = (key: string) => ({
  key: [key],
  name: key,
  labels: {},
  native: { key },
  native_status: 'as told',
  created_at: null,
  updated_at: null,
});

export function cluster(key: string, more: Partial<ClusterRecord> = {}): ClusterRecord {
  return {
    ...common(key),
    status: 'healthy',
    project_key: null,
    kind: null,
    version: null,
    location: null,
    node_count: 3,
    capacity: null,
    usage: null,
    last_seen_at: null,
    ...more,
  };
}

export function project(key: string, more: Partial<ProjectRecord> = {}): ProjectRecord {
  return { ...common(key), status: 'active', description: null, team: null, ...more };
}

export function deployment(key: string, more: Partial<DeploymentRecord> = {}): DeploymentRecord {
  return {
    ...common(key),
    status: 'success',
    project_key: null,
    target: null,
    version: null,
    url: null,
    completed_at: null,
    latest_release: null,
    ...more,
  };
}

export function release(
  key: string,
  deploymentKey: string,
  more: Partial<ReleaseRecord> = {},
): ReleaseRecord {
  return {
    ...common(key),
    status: 'success',
    version: null,
    completed_at: null,
    deployment_key: [deploymentKey],
    ...more,
  };
}

export function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
