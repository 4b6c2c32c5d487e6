import type { Plan } from '../../src/access/principal.ts';
import { World } from '../access/world.ts';
import type { Stack } from '../e2e/stack.ts';

/** Teams on plans, and keys of them. */
export class Callers {
  readonly #world: World;
  readonly #teams = new Map<string, string>();
  readonly #keys = new Map<string, string>();

  constructor(stack: Stack) {
    this.#world = new World(stack);
  }

  /** Makes a team with two keys, `a` and `b`, or changes the plan of one that is there. */
  async put(slug: string, plan: Plan, hourly_limit: number | null = null): Promise<void> {
    const known = this.#teams.get(slug);
    if (known !== undefined) {
      await this.#world.made(`/v1/teams/${known}`, { plan, hourly_limit }, { method: 'PATCH' });
      return;
    }
    this.#teams.set(slug, (await this.#world.team(slug, { plan, hourly_limit })).id);
    for (const name of ['a', 'b']) {
      this.#keys.set(`${slug} ${name}`, (await this.#world.key(slug, ['read', 'write'])).credential);
    }
  }

  keyOf(slug: string, name: 'a' | 'b' = 'a'): string {
    return this.#keys.get(`${slug} ${name}`) as string;
  }
}
