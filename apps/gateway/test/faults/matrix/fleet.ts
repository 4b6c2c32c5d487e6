import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startUpstream, type Upstream, type UpstreamName } from '@fleetgate/sandbox';
import { Agent, request } from 'undici';
import { type ForkedGateway, ForkedGateways } from '../../setup/forked-gateway.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../../setup/test-database.ts';
import type { Origin } from './expectations.ts';

/** A connection of the fleet, with an upstream of its own. */
export interface Member {
  readonly slug: string;
  readonly provider: UpstreamName;
  readonly attemptMs: number;
  /** leads to where it is sick, once the fleet is started with what is sick */
  readonly address?: Extract<Origin, { address: string }>['address'];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  /** milliseconds until the answer was whole */
  readonly ms: number;
}

export interface Asked {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How often states are looked at, and how long a state may take to come about, in milliseconds. */
const lookEvery = 150;
const patience = 120_000;
const interval = '1h'; // no sync within a test but those that are asked for

/** One gateway as a process of its own, and the upstreams of all its connections. */
export class Fleet {
  readonly #upstreams = new Map<string, Upstream>();
  readonly #agent = new Agent({ connections: 256 });
  readonly #rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
  readonly #secretKey = randomBytes(32).toString('base64');
  #database: TestDatabase | undefined;
  #processes: ForkedGateways | undefined;
  #gateway: ForkedGateway | undefined;
  #url = '';
  #closedPort = 0;
  #looking: Promise<Map<string, Kinds>> | undefined;

  constructor(
    private readonly members: readonly Member[],
    private readonly scale: number,
  ) {}

  async open(): Promise<void> {
    this.#database = await createTestDatabase();
    this.#closedPort = await closedPort();
    for (const { slug, provider } of this.members) {
      this.#upstreams.set(
        slug,
        await startUpstream(provider, { scale: this.scale, seed: slug, frozen: true }),
      );
    }
    await this.restart({ sick: false });
  }

  /** Ends the gateway, and starts it over the same database. `sick`: addresses lead to where nobody can answer. */
  async restart({ sick }: { sick: boolean }): Promise<void> {
    await this.#gateway?.stop();
    this.#processes?.close();
    const connections = this.members.map((member) => ({
      slug: member.slug,
      provider: member.provider,
      sync: { interval },
      settings: {
        ...credentialsOf(this.upstream(member.slug)),
        baseUrl: sick ? this.#addressOf(member) : this.upstream(member.slug).baseUrl,
        timeoutMs: member.attemptMs,
        limits: { concurrency: 64, requestsPerSecond: 10_000, burst: 10_000 },
      },
    }));
    this.#processes = new ForkedGateways(JSON.stringify({ connections }), {
      FLEETGATE_DATABASE_URL: urlOf(this.#database as TestDatabase),
      FLEETGATE_SECRET_KEY: this.#secretKey,
      FLEETGATE_ROOT_KEY: this.#rootKey,
      FLEETGATE_DRAIN: '0',
      FLEETGATE_LOG_LEVEL: 'error',
      FLEETGATE_MAX_LOOP_DELAY: '10000',
    });
    this.#gateway = this.#processes.start();
    this.#url = await this.#gateway.ready;
  }

  upstream(slug: string): Upstream {
    const upstream = this.#upstreams.get(slug);
    if (!upstream) throw new Error(`no connection is named ${slug}`);
    return upstream;
  }

  async ask(path: string, { method = 'GET', body, headers = {} }: Asked = {}): Promise<Answer> {
    const began = performance.now();
    const answer = await request(`${this.#url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#rootKey}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    } as Parameters<typeof request>[1]);
    const text = await answer.body.text();
    const ms = performance.now() - began;
    return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(text), ms };
  }

  /** Every kind of those connections is known, and none fails. */
  async fresh(slugs: readonly string[]): Promise<void> {
    const isFresh = ({ state }: KindState) => state === 'fresh';
    await Promise.all(
      slugs.map((slug) => this.until(slug, 'fresh', (kinds) => Object.values(kinds).every(isFresh))),
    );
  }

  /** Resolves with the kinds of that connection once they are so; fails with `what` when they never are. */
  async until(slug: string, what: string, isSo: (kinds: Kinds) => boolean): Promise<Kinds> {
    const until = performance.now() + patience;
    for (;;) {
      const kinds = (await this.#states()).get(slug);
      if (kinds && isSo(kinds)) return kinds;
      if (performance.now() > until) throw new Error(`${slug} was never ${what}: ${JSON.stringify(kinds)}`);
    }
  }

  /** The states of all, read a moment from now: once for all who wait. */
  #states(): Promise<Map<string, Kinds>> {
    this.#looking ??= sleep(lookEvery).then(async () => {
      this.#looking = undefined;
      const { body } = await this.ask('/v1/connections?limit=100');
      const { data } = body as { data: { id: string; sync: { kinds: Kinds } }[] };
      return new Map(data.map(({ id, sync }) => [id, sync.kinds]));
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    await this.#gateway?.stop();
    this.#processes?.close();
    await this.#agent.close();
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.close()));
    await this.#database?.drop();
  }

  #addressOf({ slug, address }: Member): string {
    const url = new URL(this.upstream(slug).baseUrl);
    if (address === 'refused') url.port = String(this.#closedPort);
    if (address === 'not_tls') url.protocol = 'https:';
    // No label has 64 letters: that there is no such name is known without asking any server.
    if (address === 'unresolved') url.hostname = `${'x'.repeat(64)}.invalid`;
    return url.href.replace(/\/$/, '');
  }
}

export type Kinds = Readonly<Record<string, KindState>>;
export interface KindState {
  readonly state: string;
  readonly observed_at: string | null;
  readonly error?: { readonly code: string };
}

/** Palette takes a key or a login; the login is the harder one, as it has a session. */
function credentialsOf({ name, credentials }: Upstream): Readonly<Record<string, string>> {
  if (name !== 'palette') return credentials;
  const { emailId = '', password = '', org = '' } = credentials;
  return { emailId, password, org };
}

/** One that nobody listens at: it was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
