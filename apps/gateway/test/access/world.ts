import { scopeWords } from '../../src/access/scopes.ts';
import type { Answer, Ask, Stack } from '../e2e/stack.ts';

export const password = 'correct horse battery';

/** Somebody who can ask: a user that is logged in, or a key. */
export interface Caller {
  readonly id: string;
  readonly credential: string;
  ask(path: string, ask?: Ask): Promise<Answer>;
}

/** Makes teams, users and keys over the API, as an operator would. */
export class World {
  constructor(private readonly stack: Stack) {}

  async send(path: string, body: unknown, { method = 'POST', ...ask }: Ask = {}): Promise<Answer> {
    const headers = { 'content-type': 'application/json', ...ask.headers };
    return this.stack.ask(path, { ...ask, method, headers, body: JSON.stringify(body) });
  }

  /** The `data` of an answer that has to be a success. */
  async made<T>(path: string, body: unknown, ask: Ask = {}): Promise<T> {
    const answer = await this.send(path, body, ask);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return (answer.body as { data: T }).data;
  }

  team(slug: string, more: object = {}): Promise<{ id: string; slug: string }> {
    return this.made('/v1/teams', { name: slug.toUpperCase(), slug, ...more });
  }

  /** A new user with that role, logged in. */
  async member(teamId: string, userName: string, role: string): Promise<Caller> {
    const { id } = await this.made<{ id: string }>(`/v1/teams/${teamId}/members`, {
      user_name: userName,
      role,
      password,
    });
    return this.caller(id, await this.login(userName));
  }

  async login(userName: string, more: object = {}): Promise<string> {
    const { token } = await this.made<{ token: string }>(
      '/v1/login',
      { user_name: userName, password, ...more },
      { key: null },
    );
    return token;
  }

  async key(team: string, scopes: readonly string[] = scopeWords, more: object = {}): Promise<Caller> {
    const { id, key } = await this.made<{ id: string; key: string }>('/v1/api-keys', {
      name: `key of ${team}`,
      team,
      scopes,
      ...more,
    });
    return this.caller(id, key);
  }

  caller(id: string, credential: string): Caller {
    return { id, credential, ask: (path, ask = {}) => this.stack.ask(path, { ...ask, key: credential }) };
  }
}

export function dataOf<T>(answer: Answer): T {
  return (answer.body as { data: T }).data;
}

export function errorOf(answer: Answer): {
  code: string;
  message: string;
  details: { field: string; message: string }[];
} {
  return (answer.body as { error: { code: string; message: string; details: [] } }).error;
}
