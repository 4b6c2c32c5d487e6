import type { INestApplication } from '@nestjs/common';
import { Authentications } from '../../src/access/authentications.ts';
import { AUTHENTICATORS, type Authenticator } from '../../src/access/authenticator.ts';
import type { Plan, TeamRef } from '../../src/access/principal.ts';
import { credentialRefused } from '../../src/access/refusals.ts';
import { scopesOfRole } from '../../src/access/scopes.ts';

/** Teams whose keys are `test.<team>.<name>`: as many as a test wants, without asking anybody for them. */
export class Callers {
  readonly #teams = new Map<string, TeamRef>();
  readonly #authentications: Authentications;

  constructor(app: INestApplication) {
    this.#authentications = app.get(Authentications);
    const ours: Authenticator = {
      handles: (token) => token.startsWith('test.'),
      authenticate: async (token) => {
        const [, slug = '', name = ''] = token.split('.');
        const team = this.#teams.get(slug);
        if (!team) throw credentialRefused();
        const scopes = scopesOfRole('developer');
        const principal = {
          id: `key_${slug}_${name}`,
          kind: 'api_key',
          name,
          team,
          grants: [{ team, role: null, scopes }],
        } as const;
        return { principal, expiresAt: Number.POSITIVE_INFINITY, dependsOn: [team.id] };
      },
    };
    this.#authentications.use([ours, ...app.get<readonly Authenticator[]>(AUTHENTICATORS)]);
  }

  /** Makes a team, or changes its plan. */
  put(slug: string, plan: Plan, hourlyLimit: number | null = null): void {
    this.#teams.set(slug, { id: `team_${slug}`, slug, name: slug, plan, hourlyLimit });
    this.#authentications.forget([`team_${slug}`]);
  }
}
