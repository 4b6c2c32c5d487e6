import { type DynamicModule, Module } from '@nestjs/common';
import type { Config } from '../config.ts';
import { PublicUrl } from '../http/public-url.ts';
import { Keyring } from '../sealing/keyring.ts';
import { ISSUERS, IssuersOutside } from '../tokens/issuers-outside.ts';
import { TokenAuthenticator } from '../tokens/token-authenticator.ts';
import { ArtifactStore } from './artifact-store.ts';
import { ClientRegistry } from './client-registry.ts';
import { OAuthClientsController } from './clients.controller.ts';
import { Clients } from './clients.ts';
import { FormTokens } from './form-tokens.ts';
import { Interactions } from './interactions.ts';
import { OAuthKeysController } from './keys.controller.ts';
import { OAuthServer } from './oauth-server.ts';
import { OwnTokens } from './own-tokens.ts';
import { SigningKeys } from './signing-keys.ts';
import { StoredUsers } from './stored-users.ts';
import { USERS } from './users.ts';

/** The OAuth server, and the tokens that are taken: its own, and those of issuers outside. */
@Module({})
export class OAuthModule {
  static with(config: Config, keyring: Keyring): DynamicModule {
    return {
      module: OAuthModule,
      controllers: [OAuthClientsController, OAuthKeysController],
      providers: [
        { provide: Keyring, useValue: keyring },
        { provide: PublicUrl, useValue: new PublicUrl(config.publicUrl) },
        { provide: ISSUERS, useValue: config.issuers },
        { provide: USERS, useClass: StoredUsers },
        ArtifactStore,
        ClientRegistry,
        Clients,
        FormTokens,
        Interactions,
        IssuersOutside,
        OAuthServer,
        OwnTokens,
        SigningKeys,
        TokenAuthenticator,
      ],
    };
  }
}
