import { randomBytes } from 'node:crypto';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import pg from 'pg';
import { Agent, request } from 'undici';
import { type ForkedGateway, ForkedGateways } from '../setup/forked-gateway.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Record<string, unknown>;
}

export interface Ask {
  readonly method?: string;
  readonly key?: string | null;
  readonly json?: unknown;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

/** Three gateways and two workers, each a process of its own, that share a database and a Redis and nothing else. */
export class House {
  readonly rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
  readonly #agent = new Agent({ connections: 64 });
  readonly apis: ForkedGateway[] = [];
  readonly workers: ForkedGateway[] = [];
  #urls: string[] = [];

  private constructor(
    private readonly database: TestDatabase,
    readonly sql: pg.Client,
    readonly fleet: Upstream,
    readonly chime: Upstream,
    private readonly gateways: ForkedGateways,
  ) {}

  static async open(redisUrl: string, env: Record<string, string> = {}): Promise<House> {
    const database = await createTestDatabase();
    const sql = new pg.Client(database.config);
    await sql.connect();
    const fleet = await startUpstream('fleet-manager', { scale: 40, frozen: true });
    const chime = await startUpstream('chimestack', { scale: 20, frozen: true });
    const { apiKey = '' } = fleet.credentials;
    const { userName = '', password = '' } = chime.credentials;
    const limits = 'limits: { concurrency: 32, requestsPerSecond: 1000, burst: 1000 }';
    const gateways = new ForkedGateways(
      `connections:
  - slug: fm
    provider: fleet-manager
    sync: { interval: 1h }
    settings: { baseUrl: '${fleet.baseUrl}', apiKey: '${apiKey}', timeoutMs: 5000, ${limits} }
  - slug: chime
    provider: chimestack
    sync: { interval: 1h }
    settings: { baseUrl: '${chime.baseUrl}', userName: '${userName}', password: '${password}', timeoutMs: 5000, ${limits} }
`,
      {
        FLEETGATE_DATABASE_URL: urlOf(database),
        FLEETGATE_DATABASE_POOL: '3', // five processes on a server that others use as well
        FLEETGATE_REDIS_URL: redisUrl,
        FLEETGATE_REDIS_PREFIX: `fleetgate-test-${randomBytes(6).toString('hex')}:`,
        FLEETGATE_REDIS_TIMEOUT: '3000', // a busy machine is none that hangs
        FLEETGATE_SECRET_KEY: randomBytes(32).toString('base64'),
        FLEETGATE_PUBLIC_URL: 'http://fleetgate.test',
        ...env,
      },
    );
    const house = new House(database, sql, fleet, chime, gateways);
    const start = (role: string) =>
      gateways.start({ FLEETGATE_ROLE: role, FLEETGATE_ROOT_KEY: house.rootKey });
    house.workers.push(start('worker'));
    await house.workers[0]?.ready; // it makes the tables, once
    house.apis.push(start('api'), start('api'), start('api'));
    house.workers.push(start('worker'));
    house.#urls = await Promise.all(house.apis.map(({ ready }) => ready));
    await house.workers[1]?.ready;
    return house;
  }

  /** Asks the gateway of that number; what it cannot be asked rejects. */
  async ask(on: number, path: string, ask: Ask = {}): Promise<Answer> {
    const { key = this.rootKey, json, form, headers = {} } = ask;
    const type =
      json !== undefined ? 'application/json' : form ? 'application/x-www-form-urlencoded' : undefined;
    const body =
      json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : undefined;
    const { method = body === undefined ? 'GET' : 'POST' } = ask;
    const answer = await request(`${this.#urls[on]}${path}`, {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(type ? { 'content-type': type } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, body: text ? JSON.parse(text) : {} };
  }

  /** The `data` of an answer that has to be a success. */
  async data<T>(on: number, path: string, ask: Ask = {}): Promise<T> {
    const { status, body } = await this.ask(on, path, ask);
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
    return body['data'] as T;
  }

  /** Requests that have come to an upstream, by method and the end of their path. */
  arrived(upstream: Upstream, method: string, path: RegExp): number {
    return upstream.control.requests().filter((one) => one.method === method && path.test(one.path)).length;
  }

  /** That the leases of a dead process run out by themselves takes 15 s, and is its own matter; here nobody waits for it. */
  async forgetLeases(): Promise<void> {
    await this.sql.query('UPDATE operation SET lease_until = now() WHERE lease_until IS NOT NULL');
    await this.sql.query(`UPDATE idempotency_key SET lease_until = now() WHERE state = 'running'`);
    await this.sql.query('UPDATE sync_state SET lease_until = now() WHERE lease_until IS NOT NULL');
  }

  async close(): Promise<void> {
    this.gateways.close();
    await this.#agent.close();
    await this.sql.end();
    await Promise.all([this.fleet.close(), this.chime.close()]);
    await this.database.drop();
  }
}
