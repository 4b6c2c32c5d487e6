import { Injectable } from '@nestjs/common';
import { createLocalJWKSet, type JWTPayload, errors as joseErrors, jwtVerify } from 'jose';
import { PublicUrl } from '../http/public-url.ts';
import { TokenRefused } from '../tokens/token-refused.ts';
import type { KeyRing } from './key-ring.ts';
import { SigningKeys, signatureAlgorithm } from './signing-keys.ts';

/** What one of our access tokens says, and the key that signed it. */
export type OwnToken = JWTPayload & { readonly jti: string; readonly kid: string };

/** Access tokens that we have signed ourselves. */
@Injectable()
export class OwnTokens {
  #held: { fingerprint: string; find: ReturnType<typeof createLocalJWKSet> } | undefined;

  constructor(
    private readonly publicUrl: PublicUrl,
    private readonly keys: SigningKeys,
  ) {}

  get issuer(): string {
    return this.publicUrl.value;
  }

  /** What the token says, if we have signed it and it is for us; whether it still stands is for its row to tell. */
  async verify(token: string, { expired = false } = {}): Promise<OwnToken> {
    const issuer = this.publicUrl.value;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keysOf(await this.keys.ring()), {
        issuer,
        audience: issuer,
        algorithms: [signatureAlgorithm],
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub', 'jti', 'client_id'],
        ...(expired ? { currentDate: new Date(0), clockTolerance: Number.MAX_SAFE_INTEGER } : {}),
      });
      return { ...payload, kid: protectedHeader.kid } as OwnToken;
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) throw new TokenRefused(error.message, { cause: error });
      throw error;
    }
  }

  /**
   * The form with the id of an access token in place of the token: the library knows a token by that. One that is none of
   * ours becomes a name that stands for nothing.
   */
  async named(form: string): Promise<string> {
    const parameters = new URLSearchParams(form);
    const token = parameters.get('token') ?? '';
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return form;
    parameters.set('token', await this.#idOf(token));
    return parameters.toString();
  }

  async #idOf(token: string): Promise<string> {
    try {
      return (await this.verify(token, { expired: true })).jti;
    } catch (error) {
      if (error instanceof TokenRefused) return 'none-of-ours';
      throw error;
    }
  }

  #keysOf(ring: KeyRing): ReturnType<typeof createLocalJWKSet> {
    if (this.#held?.fingerprint !== ring.fingerprint) {
      const keys = ring.keys.map(({ privateKey: { d: _, ...publicKey } }) => ({ kty: 'EC', ...publicKey }));
      this.#held = { fingerprint: ring.fingerprint, find: createLocalJWKSet({ keys }) };
    }
    return this.#held.find;
  }
}
