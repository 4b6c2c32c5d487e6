import type { Plan } from '../principal.ts';
import type { ScopeWord } from '../scopes.ts';

interface PlayTeam {
  readonly slug: string;
  readonly name: string;
  readonly plan: Plan;
  readonly keyScopes: readonly ScopeWord[];
}

/** The teams of the sandbox: tools/launch/sandbox.yaml gives a connection to one of them, the rest to everyone. */
export const playTeams: readonly PlayTeam[] = [
  { slug: 'stores', name: 'Stores', plan: 'free', keyScopes: ['read'] },
  { slug: 'platform', name: 'Platform', plan: 'pro', keyScopes: ['read', 'write'] },
];
