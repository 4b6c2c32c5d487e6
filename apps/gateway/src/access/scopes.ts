/** What a caller may be allowed to do. The list is closed; cluster groups go with clusters, releases with deployments. */
export const scopes = [
  'projects:read',
  'projects:write',
  'deployments:read',
  'deployments:write',
  'clusters:read',
  'clusters:write',
  'clusters:kubeconfig',
  'connections:read',
  'connections:write',
  'native:call',
  'teams:read',
  'teams:admin',
  'keys:admin',
  'webhooks:read',
  'webhooks:write',
  'events:read',
  'requests:read',
  'audit:read',
  'operations:read',
] as const;
export type Scope = (typeof scopes)[number];

export const roles = ['owner', 'admin', 'developer', 'viewer'] as const;
export type Role = (typeof roles)[number];

const read = [
  'projects:read',
  'deployments:read',
  'clusters:read',
  'connections:read',
  'teams:read',
  'webhooks:read',
  'events:read',
  'requests:read',
  'operations:read',
] as const satisfies readonly Scope[];
const write = [
  'projects:write',
  'deployments:write',
  'clusters:write',
  'webhooks:write',
] as const satisfies readonly Scope[];

/**
 * Names that stand for several scopes at once: the roles that members of a team have, and `read` and `write`, which can be
 * asked for in their place. What hands out credentials of a platform, or power over people, is in neither of those two.
 */
export const bundles = {
  read,
  write,
  viewer: read,
  developer: [...read, ...write],
  admin: scopes,
  owner: scopes,
} as const satisfies Record<Role | 'read' | 'write', readonly Scope[]>;

const ofRole = Object.fromEntries(
  roles.map((role) => [role, new Set<Scope>(bundles[role])]),
) as unknown as Readonly<Record<Role, ReadonlySet<Scope>>>;

export function scopesOfRole(role: Role): ReadonlySet<Scope> {
  return ofRole[role];
}

/** Words that can be asked for: scopes, and the two bundles that are no roles. */
export const scopeWords = [...scopes, 'read', 'write'] as const;
export type ScopeWord = (typeof scopeWords)[number];

/** The scopes that those words stand for, each once, in the order of the list. */
export function expand(words: Iterable<ScopeWord>): Scope[] {
  const wanted = new Set<Scope>();
  for (const word of words) {
    if (word === 'read' || word === 'write') for (const scope of bundles[word]) wanted.add(scope);
    else wanted.add(word);
  }
  return scopes.filter((scope) => wanted.has(scope));
}

export function isScopeWord(word: string): word is ScopeWord {
  return (scopeWords as readonly string[]).includes(word);
}
