import type { Role } from '../../src/access/scopes.ts';
import type { ConnectionFacts } from '../../src/connections/connection-reports.ts';
import { eventually } from '../e2e/stack.ts';
import type { Answer, Gateways } from '../oauth/gateways.ts';

interface ErrorFacts {
  code: string;
  message: string;
  details: { field: string; message: string }[];
}

/** Somebody who links accounts, at either of two replicas. */
export class Person {
  constructor(
    private readonly gateways: Gateways,
    private readonly token: string,
    private readonly answers: string[],
  ) {}

  async ask(method: string, path: string, json?: unknown, on = 0): Promise<Answer> {
    const answer = await this.gateways.ask(
      path,
      { method, token: this.token, ...(json === undefined ? {} : { json }) },
      on,
    );
    this.answers.push(`${JSON.stringify(answer.headers)}\n${answer.text}`);
    return answer;
  }

  get(path: string, on = 0): Promise<Answer> {
    return this.ask('GET', path, undefined, on);
  }

  /** The `data` of an answer that has to have that status. */
  async data<T = ConnectionFacts>(status: number, answer: Promise<Answer>): Promise<T> {
    const { status: given, text, body } = await answer;
    if (given !== status) throw new Error(`${given} in place of ${status}: ${text}`);
    return body['data'] as T;
  }

  async facts(slug: string, on = 0): Promise<ConnectionFacts> {
    return this.data(200, this.get(`/v1/connections/${slug}`, on));
  }

  /** Resolves once every kind of the connection is in that state, as that replica sees it. */
  reach(slug: string, state: string, on = 0): Promise<void> {
    return eventually(`${slug} is ${state}`, async () => {
      const { status, body } = await this.get(`/v1/connections/${slug}`, on);
      if (status !== 200) return false;
      const states = Object.values((body['data'] as ConnectionFacts).sync.kinds).map((kind) => kind.state);
      return states.length > 0 && states.every((one) => one === state);
    });
  }

  async total(path: string, on = 0): Promise<number> {
    const { body } = await this.get(path, on);
    return (body['pagination'] as { total: number } | undefined)?.total ?? -1;
  }
}

export class Office {
  /** every answer that anybody got, headers included */
  readonly answers: string[] = [];
  readonly root: Person;

  constructor(readonly gateways: Gateways) {
    this.root = new Person(gateways, gateways.rootKey, this.answers);
  }

  async person(name: string, memberships: Record<string, Role>): Promise<Person> {
    const { password } = await this.gateways.addUser(name, memberships);
    const { body } = await this.gateways.ask('/v1/login', { json: { user_name: name, password } });
    return new Person(this.gateways, (body['data'] as { token: string }).token, this.answers);
  }
}

export function errorOf(answer: Answer): ErrorFacts {
  return answer.body['error'] as ErrorFacts;
}

export function fieldsOf(answer: Answer): string[] {
  return errorOf(answer).details.map(({ field }) => field);
}
