import { Fault } from '@fleetgate/model';
import type { Http } from '@fleetgate/provider-kit';
import type { Call } from '@fleetgate/provider-spec';
import { RawList, type RawObject } from './wire.ts';

export const collection = 'clusterdeploymentstatuses';

export function rawObjects(http: Http, call: Call): Promise<readonly RawObject[]> {
  return http.request({ path: [collection], answer: RawList }, call);
}

/** An object as it came, so that what nobody here knows can be sent back with it. */
export async function readObject(http: Http, name: string, call: Call): Promise<RawObject> {
  const found = (await rawObjects(http, call)).find((object) => nameIn(object) === name);
  if (!found) throw new Fault('not_found', 'the upstream lists no such object');
  return found;
}

export function nameIn(object: RawObject): unknown {
  return object['name'] || part(object, 'metadata')['name'];
}

/** Whether an object is laid out as Kubernetes does, and not flat. */
export function isKubernetes(object: RawObject): boolean {
  return !object['name'] && ['apiVersion', 'kind', 'metadata', 'spec'].some((field) => field in object);
}

/** By which the upstream tells that an object has changed; null where it has none. */
export function versionOf(object: RawObject): string | null {
  const version = object['resourceVersion'] ?? part(object, 'metadata')['resourceVersion'];
  return typeof version === 'string' && version !== '' ? version : null;
}

/** The object under the version that it was read with, so that a change in between is noticed. */
export function under(version: string | null, object: RawObject): RawObject {
  if (version === null) return object;
  const path = isKubernetes(object) ? ['metadata', 'resourceVersion'] : ['resourceVersion'];
  return put(object, path, version);
}

/** What an object is known by, without what it says: the beginning of a replacement. */
export function bare(object: RawObject): RawObject {
  const kept = isKubernetes(object)
    ? [['apiVersion'], ['kind'], ['metadata', 'name'], ['metadata', 'namespace'], ['metadata', 'uid']]
    : [['name'], ['namespace']];
  return kept.reduce<RawObject>((copy, path) => {
    const value = valueAt(object, path);
    return value === undefined ? copy : put(copy, path, value);
  }, {});
}

/** What the unified fields say of an object. Undefined: nothing; a version of null is taken off. */
export interface Change {
  readonly name: string;
  readonly cluster?: string | undefined;
  readonly version?: string | null | undefined;
  /** all of them */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

type Path = readonly [string] | readonly [string, string];

/** Where each field is read from, the first that is there; the same places as in `deploymentOf`. */
const clusterPlaces: readonly Path[] = [
  ['cluster'],
  ['clusterName'],
  ['spec', 'cluster'],
  ['spec', 'clusterName'],
];
const versionPlaces: readonly Path[] = [['version'], ['spec', 'version']];
const labelPlaces: readonly Path[] = [['labels'], ['metadata', 'labels']];

/** The object with the change laid over it: where it has the field already, else where its layout has it. */
export function changed(object: RawObject, { name, cluster, version, labels }: Change): RawObject {
  const kubernetes = isKubernetes(object);
  let result = put(object, kubernetes ? ['metadata', 'name'] : ['name'], name);
  if (cluster !== undefined) {
    const place = clusterPlaces.find((path) => valueAt(object, path));
    result = put(result, place ?? (kubernetes ? ['spec', 'clusterName'] : ['cluster']), cluster);
  }
  if (version !== undefined) {
    const place = versionPlaces.find((path) => valueAt(object, path));
    for (const path of versionPlaces) result = drop(result, path);
    if (version !== null)
      result = put(result, place ?? (kubernetes ? ['spec', 'version'] : ['version']), version);
  }
  if (labels !== undefined) {
    for (const path of labelPlaces) result = drop(result, path);
    result = put(result, kubernetes ? ['metadata', 'labels'] : ['labels'], labels);
  }
  return result;
}

/** RFC 7396 */
export function merged(object: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(object) ? { ...object } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

function valueAt(object: RawObject, [first, second]: readonly string[]): unknown {
  if (first === undefined) return undefined;
  return second === undefined ? object[first] : part(object, first)[second];
}

function put(object: RawObject, [first, second]: readonly string[], value: unknown): RawObject {
  if (first === undefined) return object;
  return { ...object, [first]: second === undefined ? value : { ...part(object, first), [second]: value } };
}

function drop(object: RawObject, [first, second]: Path): RawObject {
  const { [first]: inner, ...others } = object;
  if (second === undefined || !isObject(inner)) return second === undefined ? others : object;
  const { [second]: _, ...rest } = inner;
  return { ...object, [first]: rest };
}

function part(object: RawObject, name: string): Record<string, unknown> {
  const value = object[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
