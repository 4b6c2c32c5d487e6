import { type JWTPayload, errors as joseErrors, jwtVerify } from 'jose';
import { claimAt, wordsOf } from './claims.ts';
import type { GetDocument } from './issuer-documents.ts';
import { IssuerKeys, KeysUnavailable, UnknownKey } from './issuer-keys.ts';
import type { IssuerConfig } from './issuers.ts';
import { clockSkewSeconds, TokenRefused } from './token-refused.ts';

/** Whom a token of an issuer outside speaks of. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** slug; undefined: it names no team */
  readonly team: string | undefined;
  /** as the token, or the file, words them */
  readonly scopes: readonly string[];
  /** ms since the epoch, by our clock: as late as theirs may be behind it */
  readonly expiresAt: number;
}

/** Checks the tokens of one issuer outside. */
export class ExternalIssuer {
  readonly #keys: IssuerKeys;

  constructor(
    private readonly config: IssuerConfig,
    private readonly now: () => number,
    get: GetDocument,
    onFailure: (error: unknown) => void,
  ) {
    this.#keys = new IssuerKeys(config, get, now, onFailure);
  }

  /** Rejects with `TokenRefused` for one that is not good, with `KeysUnavailable` when that cannot be told. */
  async verify(token: string): Promise<ExternalIdentity> {
    const { issuer, audience, algorithms, claims } = this.config;
    const payload = await this.#payload(token, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
    });
    const subject = claimAt(payload, claims.subject);
    if (typeof subject !== 'string' || subject === '' || subject.length > 255) {
      throw new TokenRefused(`no subject in ${claims.subject}`);
    }
    return {
      issuer,
      subject,
      team: wordsOf(payload, claims.team)[0],
      scopes: wordsOf(payload, claims.scopes),
      expiresAt: ((payload.exp as number) + clockSkewSeconds) * 1000,
    };
  }

  async #payload(
    token: string,
    expected: { issuer: string; audience: string[]; algorithms: string[] },
  ): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keys.find(header), {
        ...expected,
        clockTolerance: clockSkewSeconds,
        currentDate: new Date(this.now()),
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error;
      if (error instanceof joseErrors.JOSEError || error instanceof UnknownKey) {
        throw new TokenRefused(error.message || error.name, { cause: error });
      }
      throw error;
    }
  }
}
