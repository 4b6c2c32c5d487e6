import { Fault, type Key } from '@fleetgate/model';
import { type Http, nestedList } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { noSuch } from './errors.ts';
import { projectPages } from './project-pages.ts';

/** A project's uid, or this word for what belongs to the tenant and to no project. */
export const tenant = 'tenant';

/** Without the header a request is made in the scope of the tenant. */
export function scopeHeaders(scope: string): Record<string, string> {
  return scope === tenant ? {} : { projectuid: scope };
}

/** Where an object says it belongs. */
export interface Belonging {
  annotations?: Readonly<Record<string, unknown>> | null | undefined;
  /** uid of its project, where it is told outside the annotations */
  projectUid?: string | null | undefined;
}

/** uid of the project that an object belongs to; undefined where it is the tenant's own, or does not say. */
export function projectOf({ annotations, projectUid }: Belonging): string | undefined {
  if (annotations?.['scope'] === tenant) return undefined;
  const told = projectUid || annotations?.['projectUid'];
  return typeof told === 'string' && told !== '' ? told : undefined;
}

/**
 * Whether an object that was found in a scope is that scope's own. A search in the tenant's scope may show what belongs to
 * projects, and one in a project what the tenant shares; both are counted where they belong.
 */
export function isOwn(scope: string, belonging: Belonging): boolean {
  const word = belonging.annotations?.['scope'];
  const project = projectOf(belonging);
  if (scope === tenant) return project === undefined && word !== 'project';
  return word !== tenant && (project === undefined || project === scope);
}

/** Such as can go into a header; uids have 24 hexadecimal digits today. */
const scopeName = /^[\w-]{1,128}$/;

/** Scope and uid of a key that one of this provider's scoped lists could have given. */
export function scopedKey(key: Key): { scope: string; uid: string } {
  const [scope, uid, ...more] = key;
  if (scope === undefined || uid === undefined || more.length > 0 || !scopeName.test(scope)) throw noSuch();
  return { scope, uid };
}

/** The same for an app deployment: those are in projects only. */
export function deploymentKey(key: Key): { scope: string; uid: string } {
  const scoped = scopedKey(key);
  if (scoped.scope === tenant) throw noSuch();
  return scoped;
}

/** The scope of a project, by its key. */
export function projectScope(key: Key): string {
  const [uid, ...more] = key;
  if (uid === undefined || more.length > 0 || uid === tenant || !scopeName.test(uid)) throw noSuch();
  return uid;
}

export interface ScopedList<T> {
  scheme: string;
  /** whether the tenant's own scope is walked, before the projects' */
  withTenant: boolean;
  inner: (scope: string, input: ListInput, call: Call) => Promise<Page<T>>;
}

/** What Palette lists within one scope only, over all scopes. */
export function scopedList<T>(
  http: Http,
  list: ScopedList<T>,
): (input: ListInput, call: Call) => Promise<Page<T>> {
  const projects = projectPages(http, `${list.scheme}:scopes`);
  return nestedList({
    scheme: list.scheme,
    scope: z.string().regex(scopeName),
    outer: async (input, call) => {
      const page = await projects(input, call);
      const uids = page.items.map((project) => project.metadata.uid);
      return { ...page, items: list.withTenant && input.cursor === undefined ? [tenant, ...uids] : uids };
    },
    inner: async (scope, input, call) => {
      try {
        return await list.inner(scope, input, call);
      } catch (error) {
        // Deleted since the projects were listed. Were it a mistake of the upstream's, `shifted` keeps what was known of it.
        if (scope !== tenant && isGoneProject(error)) return { items: [], shifted: true };
        throw error;
      }
    },
  });
}

function isGoneProject(error: unknown): boolean {
  return (
    error instanceof Fault &&
    error.code === 'not_found' &&
    ['ProjectNotFoundInTenant', 'ResourceNotFound'].includes(error.upstream?.code ?? '')
  );
}
