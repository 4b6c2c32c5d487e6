import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { ApiError } from '../../answers/api-error.ts';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** How many are computed at once, and how many may wait for it; each takes a core for some 20 ms. */
const atOnce = 2;
const waitingAtMost = 64;

export const Password = z
  .string()
  .min(10, { error: 'must have at least 10 characters' })
  .max(200, { error: 'must have at most 200 characters' });

/** Hashes passwords, and compares them: argon2id, a few at a time. */
@Injectable()
export class Passwords implements OnModuleInit {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #nobodys = '';
  #compared = 0;

  async onModuleInit(): Promise<void> {
    this.#nobodys = await hash(randomBytes(32), cost);
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, cost));
  }

  /** `hashed` undefined: there is nobody of that name, which takes exactly as long to find out as a wrong password. */
  async matches(hashed: string | undefined, password: string): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#compared += 1;
      const same = await verify(hashed ?? this.#nobodys, password);
      return same && hashed !== undefined;
    });
  }

  /** How many comparisons were made: the one thing about a login that takes time. */
  get compared(): number {
    return this.#compared;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= atOnce) {
      if (this.#waiting.length >= waitingAtMost) {
        throw new ApiError('rate_limited', 'too many logins at once: try again in a moment', {
          retryAfterSeconds: 1,
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // whose turn it was hands it over
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
