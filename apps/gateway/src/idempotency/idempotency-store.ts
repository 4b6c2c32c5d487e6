import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { newOperationId } from '../operations/operation.ts';
import { idempotentAnswers } from '../sealing/sealed-columns.ts';
import { SEALER, type Sealer } from '../sealing/sealer.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Name {
  readonly principal: string;
  readonly key: string;
}

export type Claim =
  /** it is ours to do; `operationId` is that of an earlier attempt where there was one */
  | { readonly state: 'ours'; readonly operationId: string }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly answer: StoredAnswer }
  | { readonly state: 'other_request' };

/** How long a process may be silent before another takes its request over, and how long an answer is kept. */
const lease = '15 seconds';
const kept = '24 hours';
/** Rows that are removed at once. */
const atMost = 1000;

interface Found {
  fingerprint: Buffer;
  state: 'running' | 'open' | 'done';
  answer: Buffer | null;
}

/** Which request each key stands for, and what came of it. */
@Injectable()
export class IdempotencyStore {
  readonly #owner = randomUUID();

  constructor(
    private readonly database: Database,
    @Inject(SEALER) private readonly sealer: Sealer,
  ) {}

  /** `fingerprints` of the request, under each secret key, the one in use first: a key may have been used before it changed. */
  async claim({ principal, key }: Name, fingerprints: readonly Buffer[]): Promise<Claim> {
    const [ours] = await this.database.query<{ operationId: string }>({
      name: 'idempotency-claim',
      text: `INSERT INTO idempotency_key AS k
          (principal, key, fingerprint, operation_id, state, owner, lease_until, expires_at)
        VALUES ($1, $2, $3, $4, 'running', $5, now() + interval '${lease}', now() + interval '${kept}')
        ON CONFLICT (principal, key) DO UPDATE SET state = 'running', owner = excluded.owner, answer = NULL,
          lease_until = excluded.lease_until, expires_at = excluded.expires_at, fingerprint = excluded.fingerprint,
          operation_id = CASE WHEN k.expires_at <= now() THEN excluded.operation_id ELSE k.operation_id END
        WHERE k.expires_at <= now() OR (k.fingerprint = ANY($6::bytea[])
          AND (k.state = 'open' OR (k.state = 'running' AND k.lease_until <= now())))
        RETURNING operation_id AS "operationId"`,
      values: [principal, key, fingerprints[0], newOperationId(), this.#owner, fingerprints],
    });
    if (ours) return { state: 'ours', ...ours };
    const [found] = await this.database.query<Found>({
      name: 'idempotency-found',
      text: 'SELECT fingerprint, state, answer FROM idempotency_key WHERE principal = $1 AND key = $2',
      values: [principal, key],
    });
    if (!found) return { state: 'running' }; // removed in this moment: the next look claims it
    if (!fingerprints.some((one) => found.fingerprint.equals(one))) return { state: 'other_request' };
    if (found.state !== 'done' || !found.answer) return { state: 'running' };
    const text = this.sealer.open(idempotentAnswers.nameOf([principal, key]), found.answer);
    // Sealed under a key that is no longer known: nobody can tell what the answer was.
    return text === undefined
      ? { state: 'other_request' }
      : { state: 'done', answer: JSON.parse(text) as StoredAnswer };
  }

  async finish({ principal, key }: Name, answer: StoredAnswer): Promise<void> {
    await this.database.query({
      name: 'idempotency-finish',
      text: `UPDATE idempotency_key SET state = 'done', answer = $4 WHERE principal = $1 AND key = $2 AND owner = $3`,
      values: [
        principal,
        key,
        this.#owner,
        this.sealer.seal(idempotentAnswers.nameOf([principal, key]), JSON.stringify(answer)),
      ],
    });
  }

  /** It ended without an answer that holds for ever: whoever asks again goes on with the same operation. */
  async release({ principal, key }: Name): Promise<void> {
    await this.database.query({
      name: 'idempotency-release',
      text: `UPDATE idempotency_key SET state = 'open' WHERE principal = $1 AND key = $2 AND owner = $3`,
      values: [principal, key, this.#owner],
    });
  }

  /** Says of everything that is under way here that it still is. */
  async renew(names: readonly Name[]): Promise<void> {
    await this.database.query({
      name: 'idempotency-renew',
      text: `UPDATE idempotency_key k SET lease_until = now() + interval '${lease}'
        FROM unnest($2::text[], $3::text[]) AS u(principal, key)
        WHERE k.principal = u.principal AND k.key = u.key AND k.owner = $1 AND k.state = 'running'`,
      values: [this.#owner, names.map(({ principal }) => principal), names.map(({ key }) => key)],
    });
  }

  async removeExpired(): Promise<void> {
    await this.database.query({
      name: 'idempotency-expired',
      text: `DELETE FROM idempotency_key WHERE (principal, key) IN (
        SELECT principal, key FROM idempotency_key WHERE expires_at <= now() LIMIT ${atMost})`,
    });
  }
}
