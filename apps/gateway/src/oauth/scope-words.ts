import { bundles, type Scope, type ScopeWord } from '../access/scopes.ts';

/** What somebody allows who allows it, to be read after "It will be able to". */
const words: Record<Scope, string> = {
  'projects:read': 'see projects',
  'projects:write': 'create, change and remove projects',
  'deployments:read': 'see deployments and releases',
  'deployments:write': 'deploy, change, cancel and remove deployments',
  'clusters:read': 'see clusters and cluster groups',
  'clusters:write': 'create, change and remove clusters',
  'clusters:kubeconfig': 'get the credentials of clusters',
  'connections:read': 'see linked accounts and how fresh they are',
  'connections:write': 'link, change and remove accounts at platforms',
  'native:call': 'call the platforms themselves, with their credentials',
  'teams:read': 'see teams and their members',
  'teams:admin': 'add and remove members of teams, and change their roles',
  'keys:admin': 'make and revoke API keys and clients',
  'webhooks:read': 'see webhooks and their deliveries',
  'webhooks:write': 'create, change and remove webhooks',
  'events:read': 'follow what happens',
  'requests:read': 'see which requests were made',
  'audit:read': 'see who did what',
  'operations:read': 'see operations under way',
};

const powerful: ReadonlySet<string> = new Set<Scope>([
  'clusters:kubeconfig',
  'connections:write',
  'native:call',
  'teams:admin',
  'keys:admin',
]);

export interface SaidScope {
  readonly text: string;
  /** it hands out credentials, or power over people */
  readonly powerful: boolean;
}

/** A scope as a person reads it: a bundle names all that is in it. undefined: it is none. */
export function saidScope(word: string): SaidScope | undefined {
  const text = textOf(word);
  return text === undefined ? undefined : { text, powerful: powerful.has(word) };
}

function textOf(word: string): string | undefined {
  if (word === 'openid') return 'know which user you are';
  if (word === 'offline_access') return 'stay connected after you have signed out';
  if (word === 'read' || word === 'write') {
    const verbs = word === 'read' ? 'see' : 'create, change and remove';
    const things = bundles[word].map((scope: Scope) => scope.split(':', 1)[0]);
    return `${verbs} ${things.slice(0, -1).join(', ')} and ${things.at(-1)}`;
  }
  return words[word as Exclude<ScopeWord, 'read' | 'write'>];
}
