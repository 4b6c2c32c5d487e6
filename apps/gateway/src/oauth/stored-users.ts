import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Logins } from '../access/login/logins.ts';
import { Users as Accounts, type UserStanding } from '../access/users/users.ts';
import { ApiError } from '../answers/api-error.ts';
import type { SignedInUser, Users } from './users.ts';

/** The users of this gateway; their attempts to sign in are counted together with those at POST /v1/login. */
@Injectable()
export class StoredUsers implements Users {
  constructor(
    private readonly accounts: Accounts,
    private readonly logins: Logins,
  ) {}

  async find(id: string): Promise<SignedInUser | undefined> {
    const user = await this.accounts.byId(id);
    return user && !user.disabled ? { id: user.id, name: user.name } : undefined;
  }

  async byPassword(
    userName: string,
    password: string,
    request: FastifyRequest,
  ): Promise<SignedInUser | undefined> {
    try {
      const { id } = await this.logins.verified(userName.toLowerCase(), password, request);
      return await this.find(id);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'unauthorized') return undefined; // the answer to the question
      throw error;
    }
  }

  principalOf(id: string): Promise<UserStanding | undefined> {
    return this.accounts.standing(id);
  }
}
