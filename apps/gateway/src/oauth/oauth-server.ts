import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Provider } from 'oidc-provider';
import { PublicUrl } from '../http/public-url.ts';
import { Keyring } from '../sealing/keyring.ts';
import { ArtifactStore } from './artifact-store.ts';
import { ClientRegistry } from './client-registry.ts';
import { createProvider } from './provider-configuration.ts';
import { SigningKeys } from './signing-keys.ts';
import { USERS, type Users } from './users.ts';

interface Running {
  readonly fingerprint: string;
  readonly issuer: string;
  readonly provider: Provider;
  readonly listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** The library's server for the keys of the moment: when they are rotated, on whichever replica, another takes its place. */
@Injectable()
export class OAuthServer {
  readonly #log = new Logger('OAuth');
  readonly #cookieKeys: readonly string[];
  #running: Running | undefined;

  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly keys: SigningKeys,
    private readonly store: ArtifactStore,
    private readonly clients: ClientRegistry,
    @Inject(USERS) private readonly users: Users,
    keyring: Keyring,
  ) {
    this.#cookieKeys = keyring.keysFor('oauth cookies').map((key) => key.toString('base64url'));
  }

  async running(): Promise<Running> {
    const ring = await this.keys.ring();
    const { fingerprint } = ring;
    const issuer = this.publicUrl.value;
    if (this.#running?.fingerprint === fingerprint && this.#running.issuer === issuer) return this.#running;
    const provider = createProvider({
      issuer,
      ring,
      cookieKeys: this.#cookieKeys,
      store: this.store,
      clients: this.clients,
      hasUser: async (id) => (await this.users.find(id)) !== undefined,
    });
    provider.on('server_error', (_, error) => this.#log.error(error));
    (provider as EventEmitter).on('error', (error) => this.#log.error(error)); // without a listener, Koa writes to the console
    const listener = provider.callback() as Running['listener'];
    this.#running = { fingerprint, issuer, provider, listener };
    return this.#running;
  }
}
