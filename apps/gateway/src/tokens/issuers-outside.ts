import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { type ExternalIdentity, ExternalIssuer } from './external-issuer.ts';
import { IssuerDocuments } from './issuer-documents.ts';
import type { IssuerConfig } from './issuers.ts';

/** The injection token of the issuers of the configuration. */
export const ISSUERS = Symbol('issuers');

/** Every issuer outside whose tokens are taken. */
@Injectable()
export class IssuersOutside implements BeforeApplicationShutdown {
  readonly #log = new Logger('Tokens');
  readonly #documents = new IssuerDocuments();
  readonly #issuers: ReadonlyMap<string, ExternalIssuer>;

  constructor(@Inject(ISSUERS) issuers: readonly IssuerConfig[]) {
    this.#issuers = new Map(
      issuers.map((config) => [
        config.issuer,
        new ExternalIssuer(config, Date.now, this.#documents.get, (error) =>
          this.#log.warn(`the keys of ${config.issuer} cannot be had: ${String(error)}`),
        ),
      ]),
    );
  }

  /** undefined: no tokens of that issuer are taken. */
  verify(issuer: string | undefined, token: string): Promise<ExternalIdentity> | undefined {
    return issuer === undefined ? undefined : this.#issuers.get(issuer)?.verify(token);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#documents.close();
  }
}
