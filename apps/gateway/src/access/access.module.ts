import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Audit } from '../audit/audit.ts';
import { CONFIG, type Config } from '../config.ts';
import { AccessChanges } from './access-changes.ts';
import { Authentications } from './authentications.ts';
import { AUTHENTICATORS, type Authenticator } from './authenticator.ts';
import { Housekeeping } from './housekeeping.ts';
import { ApiKeyAuthenticator } from './keys/api-key-authenticator.ts';
import { ApiKeysController } from './keys/api-keys.controller.ts';
import { ApiKeys } from './keys/api-keys.ts';
import { LastUsed } from './keys/last-used.ts';
import { LoginController } from './login/login.controller.ts';
import { LoginAttempts } from './login/login-attempts.ts';
import { LoginSessions } from './login/login-sessions.ts';
import { Logins } from './login/logins.ts';
import { Logouts } from './login/logouts.ts';
import { OwnAccount } from './login/own-account.ts';
import { Passwords } from './login/passwords.ts';
import { PlayWorld } from './play/play-world.ts';
import { rootKeyAuthenticator } from './root-key.ts';
import { MembersController } from './teams/members.controller.ts';
import { Members } from './teams/members.ts';
import { TeamsController } from './teams/teams.controller.ts';
import { Teams } from './teams/teams.ts';
import { UserChanges } from './users/user-changes.ts';
import { UsersController } from './users/users.controller.ts';
import { Users } from './users/users.ts';

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
      controllers: [LoginController, TeamsController, MembersController, UsersController, ApiKeysController],
      providers: [
        { provide: Authentications, useValue: authentications },
        AccessChanges,
        Audit,
        Housekeeping,
        ApiKeyAuthenticator,
        ApiKeys,
        LastUsed,
        LoginAttempts,
        LoginSessions,
        Logins,
        Logouts,
        OwnAccount,
        Passwords,
        PlayWorld,
        { provide: CONFIG, useValue: config },
        Teams,
        Members,
        Users,
        UserChanges,
        {
          provide: AUTHENTICATORS,
          // In this order: the first that takes the form of a credential for its own decides about it.
          useFactory: (...own: readonly Authenticator[]) => [rootKeyAuthenticator(config.rootKey), ...own],
          inject: [ApiKeyAuthenticator, LoginSessions],
        },
      ],
      exports: [Authentications, AccessChanges, Audit, AUTHENTICATORS, Logins, Users],
    };
  }
}
