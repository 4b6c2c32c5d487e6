import { z } from 'zod';
import type { Kind } from './kinds.ts';

/** Name of a connection: lower-case letters, digits and inner hyphens, at most 63 characters. */
export const Slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
  error: 'must be 1 to 63 lower-case letters, digits or inner hyphens',
});

/**
 * What an upstream needs to find one object again: one part, or several where one is not enough
 * (a ChimeStack cluster is fetched by availability zone and cluster).
 */
export const Key = z.array(z.string().min(1).max(512)).min(1).max(4).readonly();
export type Key = z.infer<typeof Key>;

const prefixes = {
  project: 'proj',
  deployment: 'deploy',
  release: 'rel',
  cluster: 'cluster',
  cluster_group: 'grp',
} as const satisfies Record<Kind, string>;

const kindOfPrefix = new Map<string, Kind>(
  Object.entries(prefixes).map(([kind, prefix]) => [prefix, kind as Kind]),
);

export interface Address {
  kind: Kind;
  /** slug of the connection that holds the object */
  connection: string;
  key: Key;
}

/** The one text form of a key; equal keys give equal text, parts cannot run into each other. */
export function keyText(key: Key): string {
  return key.map((part) => encodeURIComponent(part.toWellFormed())).join('/');
}

/**
 * Opaque, URL-safe and stable id of a resource. It carries its connection and the upstream's key, so that any replica
 * routes a call without a look-up.
 */
export function encodeId(kind: Kind, connection: string, key: Key): string {
  return `${prefixes[kind]}_${Buffer.from(`${connection}/${keyText(key)}`).toString('base64url')}`;
}

/** The address that an id carries, or undefined for text that `encodeId` never makes. */
export function decodeId(id: string): Address | undefined {
  const cut = id.indexOf('_');
  const kind = kindOfPrefix.get(id.slice(0, cut));
  if (!kind || id.length > 3000) return undefined;
  const [connection, ...parts] = Buffer.from(id.slice(cut + 1), 'base64url')
    .toString()
    .split('/');
  try {
    const key = Key.parse(parts.map(decodeURIComponent));
    const address = { kind, connection: Slug.parse(connection), key };
    return encodeId(kind, address.connection, key) === id ? address : undefined;
  } catch {
    return undefined; // not an id of ours: the caller answers not_found, as for any id that names nothing
  }
}
