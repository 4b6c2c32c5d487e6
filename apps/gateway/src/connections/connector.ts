import { createHmac } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import {
  type ConnectedProvider,
  connectProvider,
  createTransport,
  type Deadlines,
  memoryTokens,
  systemClock,
} from '@fleetgate/provider-runtime';
import type { ProviderDefinition, TokenStore } from '@fleetgate/provider-spec';
import type { Logger } from 'pino';
import type { Redaction } from '../logging/redaction.ts';
import type { ConnectionConfig } from './file.ts';
import { Observers } from './observers.ts';
import { secretsOf } from './setting-secrets.ts';
import type { UpstreamLimits } from './shared-limits.ts';
import { upstreamLog } from './upstream-log.ts';

export interface ConnectorOptions {
  readonly providers: readonly ProviderDefinition[];
  readonly tokens: TokenStore;
  readonly logger: Logger;
  readonly redaction: Pick<Redaction, 'hold' | 'release'>;
  /** 32 bytes: sessions are told apart by the secrets that they were opened with, under this key */
  readonly sessionKey: Buffer;
  /** where connections that were made over the API may lead; those of the file are the operator's own, and go anywhere */
  readonly lookup: LookupFunction;
  readonly deadlines?: Partial<Deadlines>;
  /** that processes share; absent: each connection keeps its own */
  readonly limits?: UpstreamLimits;
}

export interface MadeOptions {
  /** who holds the secrets */
  readonly owner: string;
  /** ends whatever is under way */
  readonly ended: AbortSignal;
  /** true: no session of before is gone on with, nor is a new one kept */
  readonly alone?: boolean;
}

/** The injection token of `Connector`. */
export const CONNECTOR = Symbol('connector');

/** Joins settings to their provider through the runtime: over one transport for the file's, over a guarded one for all others. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #open = createTransport();
  readonly #guarded: ReturnType<typeof createTransport>;
  /** hear of every upstream call */
  readonly observers = new Observers();

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#guarded = createTransport({ lookup: options.lookup });
    this.observers.add(upstreamLog(options.logger));
  }

  get limits(): UpstreamLimits | undefined {
    return this.#options.limits;
  }

  definition(provider: string): ProviderDefinition | undefined {
    return this.#options.providers.find(({ id }) => id === provider);
  }

  /** ids of those that are installed */
  providers(): string[] {
    return this.#options.providers.map(({ id }) => id);
  }

  /** `made`: it was made over the API, by somebody who is not the operator. */
  connect(definition: ProviderDefinition, config: ConnectionConfig, made?: MadeOptions): ConnectedProvider {
    const { redaction, deadlines, tokens, limits } = this.#options;
    const secrets = secretsOf(definition, config.settings).map(({ value }) => value);
    if (made) redaction.hold(made.owner, secrets); // the file's are known from the beginning
    return connectProvider({
      connection: config.slug,
      definition,
      settings: config.settings,
      transport: made ? this.#guarded : this.#open,
      clock: systemClock,
      random: Math.random,
      tokens: made?.alone ? memoryTokens(systemClock) : this.#sessionsOf(tokens, secrets),
      observer: this.observers,
      ...(deadlines ? { deadlines } : {}),
      ...(limits ? { sharedLimits: limits.of(this.#accountOf(definition.id, config, secrets)) } : {}),
      ...(made ? { ended: made.ended } : {}),
    });
  }

  /** Nothing uses the secrets of that owner any more. */
  release(owner: string): void {
    this.#options.redaction.release(owner);
  }

  async close(): Promise<void> {
    await Promise.all([this.#open.close(), this.#guarded.close()]);
  }

  /**
   * Providers name a session by its account, so that two connections to one account share it. That must not give the session
   * to a connection which merely names the account: it has to hold the same secrets.
   */
  #sessionsOf(tokens: TokenStore, secrets: readonly string[]): TokenStore {
    const mac = createHmac('sha256', this.#options.sessionKey).update(JSON.stringify(secrets)).digest();
    const own = (name: string) => `${name} ${mac.toString('base64url', 0, 12)}`;
    return {
      read: (name) => tokens.read(own(name)),
      write: (name, token) => tokens.write(own(name), token),
      exclusive: (name, work) => tokens.exclusive(own(name), work),
    };
  }

  /** The same for all connections that ask one upstream by one credential, and in words that show neither. */
  #accountOf(provider: string, { settings }: ConnectionConfig, secrets: readonly string[]): string {
    const { baseUrl } = settings as { readonly baseUrl?: unknown };
    const origin = typeof baseUrl === 'string' ? URL.parse(baseUrl)?.origin : undefined;
    return createHmac('sha256', this.#options.sessionKey)
      .update(JSON.stringify(['limits', provider, origin, secrets]))
      .digest()
      .toString('base64url', 0, 18);
  }
}
