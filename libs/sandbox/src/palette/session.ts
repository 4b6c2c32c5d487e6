import { createHmac, timingSafeEqual } from 'node:crypto';
import type { World } from '../core/emulator.ts';

/** 15 minutes, ms (documented). */
export const tokenLife = 15 * 60 * 1000;

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * The API key and the tokens. A token tells its own expiry and is signed, so that none is stored; `expire` makes all that were issued
 * so far worthless by counting up the generation that they carry.
 */
export class PaletteSessions {
  private readonly world: World;
  private readonly credentials: Readonly<Record<string, string>>;
  private generation = 0;
  private issued = 0;

  constructor(world: World, credentials: Readonly<Record<string, string>>) {
    this.world = world;
    this.credentials = credentials;
  }

  /** A new token, or undefined when the credentials are not ours. `org` may be left out (assumption: one organisation). */
  login(body: Record<string, unknown>): string | undefined {
    const { emailId, password, org } = this.credentials;
    if (body['emailId'] !== emailId || body['password'] !== password) return undefined;
    const asked = body['org'] ?? '';
    return asked === '' || asked === org ? this.issue() : undefined;
  }

  /** A later token for one that is still valid; an expired one cannot be refreshed. */
  refresh(token: string): string | undefined {
    return this.isValid(token) ? this.issue() : undefined;
  }

  isApiKey(key: string): boolean {
    return key === this.credentials['apiKey'];
  }

  /** False for whatever is not exactly a token of ours, so also for one behind 'Bearer '. */
  isValid(token: string): boolean {
    const [head, body, signature, more] = token.split('.');
    if (head === undefined || body === undefined || signature === undefined || more !== undefined)
      return false;
    const expected = Buffer.from(this.sign(`${head}.${body}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return false;
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { gen: number; expMs: number };
    return claims.gen === this.generation && this.world.clock.now() < claims.expMs;
  }

  expire(): void {
    this.generation += 1;
  }

  private issue(): string {
    this.issued += 1;
    const now = this.world.clock.now();
    const head = part({ alg: 'HS256', typ: 'JWT' });
    const body = part({
      sub: this.credentials['emailId'],
      iat: Math.floor(now / 1000),
      exp: Math.floor((now + tokenLife) / 1000),
      expMs: now + tokenLife,
      gen: this.generation,
      jti: this.issued,
    });
    return `${head}.${body}.${this.sign(`${head}.${body}`)}`;
  }

  private sign(text: string): string {
    return createHmac('sha256', `palette ${this.world.seed}`).update(text).digest('base64url');
  }
}
