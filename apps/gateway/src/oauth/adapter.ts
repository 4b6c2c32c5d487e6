import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import type { ArtifactStore } from './artifact-store.ts';
import type { ClientRegistry } from './client-registry.ts';

/** How oidc-provider reaches the database: one of these for each of its models. */
export function adapterFor(model: string, store: ArtifactStore, clients: ClientRegistry): Adapter {
  return model === 'Client' ? new ClientAdapter(clients) : new ArtifactAdapter(model, store);
}

class ArtifactAdapter implements Adapter {
  constructor(
    private readonly model: string,
    private readonly store: ArtifactStore,
  ) {}

  upsert(id: string, payload: AdapterPayload, seconds: number): Promise<void> {
    return this.store.put(this.model, id, { payload, seconds });
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return this.store.find(this.model, id);
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.store.findByUid(this.model, uid);
  }

  async findByUserCode(): Promise<undefined> {
    return undefined; // of the device flow, which is off
  }

  /** Two that use one code or refresh token at the same moment are as suspicious as one after the other. */
  async consume(id: string): Promise<void> {
    const found = await this.store.find(this.model, id);
    if (await this.store.consume(this.model, id)) return;
    if (found?.grantId) await this.store.endGrant(found.grantId);
    throw new errors.InvalidGrant('already used');
  }

  destroy(id: string): Promise<void> {
    return this.store.remove(this.model, id);
  }

  revokeByGrantId(grantId: string): Promise<void> {
    return this.store.endGrant(grantId);
  }
}

/** Clients are made over the API, never by the library. */
class ClientAdapter implements Adapter {
  constructor(private readonly clients: ClientRegistry) {}

  find(id: string): Promise<AdapterPayload | undefined> {
    return this.clients.metadataOf(id);
  }

  async upsert(): Promise<never> {
    throw new Error('clients are made over the API');
  }
  async destroy(): Promise<never> {
    throw new Error('clients are removed over the API');
  }
  async consume(): Promise<never> {
    throw new Error('a client cannot be consumed');
  }
  async findByUid(): Promise<undefined> {
    return undefined;
  }
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }
  async revokeByGrantId(): Promise<undefined> {
    return undefined;
  }
}
