import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Audit } from '../audit/audit.ts';
import type { Config } from '../config.ts';
import { AccessChanges } from './access-changes.ts';
import { Authentications } from './authentications.ts';
import { AUTHENTICATORS, type Authenticator } from './authenticator.ts';
import { rootKeyAuthenticator } from './root-key.ts';

export interface AccessParts {
  readonly config: Config;
  readonly authentications: Authentications;
}

/** Who may call, and what they may do. */
@Global()
@Module({})
export class AccessModule {
  static with({ config, authentications }: AccessParts): DynamicModule {
    return {
      module: AccessModule,
      controllers: [],
      providers: [
        { provide: Authentications, useValue: authentications },
        AccessChanges,
        Audit,
        {
          provide: AUTHENTICATORS,
          // In this order: the first that takes the form of a credential for its own decides about it.
          useFactory: (): readonly Authenticator[] => [rootKeyAuthenticator(config.rootKey)],
        },
      ],
      exports: [Authentications, AccessChanges, Audit, AUTHENTICATORS],
    };
  }
}
