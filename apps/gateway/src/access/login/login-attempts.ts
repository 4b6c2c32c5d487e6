import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ApiError } from '../../answers/api-error.ts';
import { Database } from '../../database/database.ts';

/** How long the first attempt has to wait that is not free, in seconds; every further one twice as long. */
const first = 5;
/**
 * How many failures are free, and how long an attempt then has to wait at most, in seconds. Who guesses one account's password
 * from one place is slowed down soon; from many places late and less, since that slows down the owner too, where it is new.
 */
const limits = {
  place: { free: 5, longest: 900 },
  account: { free: 50, longest: 30 },
} as const;
/** Failures that are older than this do not count any more. */
const forgotten = '1 hour';
/** So long after a login, the place it came from is held to its own failures alone. */
const known = '30 days';

/**
 * Counts attempts to log in, on the account and on the account as seen from one address, for names that exist and names that
 * do not. An attempt counts as failed until it has succeeded, so that a hundred at once are a hundred.
 */
@Injectable()
export class LoginAttempts {
  constructor(private readonly database: Database) {}

  /** Rejects with `rate_limited` when it is too early for another one. */
  async begin(userName: string, address: string): Promise<void> {
    const isKnown = await this.#count(subjectOf(userName, address), limits.place);
    if (!isKnown) await this.#count(subjectOf(userName), limits.account);
  }

  async succeeded(userName: string, address: string): Promise<void> {
    await this.database.query({
      name: 'login_succeeded',
      text: `WITH place AS (UPDATE login_failure SET failures = 0, open_at = now(), known_until = now() + interval '${known}'
          WHERE subject = $1)
        UPDATE login_failure SET failures = greatest(failures - 1, 0), open_at = now() WHERE subject = $2`,
      values: [subjectOf(userName, address), subjectOf(userName)],
    });
  }

  async removeForgotten(): Promise<void> {
    await this.database.query({
      text: `DELETE FROM login_failure WHERE last_at < now() - interval '${forgotten}'
        AND coalesce(known_until, '-infinity') < now()`,
    });
  }

  /** Resolves to whether it is a place from which there was a login. */
  async #count(subject: Buffer, { free, longest }: { free: number; longest: number }): Promise<boolean> {
    const count = `CASE WHEN f.last_at < now() - interval '${forgotten}' THEN 1 ELSE f.failures + 1 END`;
    const [counted] = await this.database.query<{ known: boolean }>({
      name: `login_attempt_${free}`,
      text: `INSERT INTO login_failure AS f (subject, failures, last_at, open_at) VALUES ($1, 1, now(), now())
        ON CONFLICT (subject) DO UPDATE SET failures = ${count}, last_at = now(),
          open_at = now() + CASE WHEN ${count} < ${free} THEN interval '0'
            ELSE least(${first} * 2 ^ least(${count} - ${free}, 20), ${longest}) * interval '1 second' END
        WHERE f.open_at <= now() RETURNING coalesce(f.known_until > now(), false) AS known`,
      values: [subject],
    });
    if (counted) return counted.known;
    const [found] = await this.database.query<{ seconds: number }>({
      name: 'login_wait',
      text: `SELECT greatest(1, ceil(date_part('epoch', open_at - now())))::int AS seconds FROM login_failure WHERE subject = $1`,
      values: [subject],
    });
    const seconds = found?.seconds ?? 1;
    throw new ApiError('rate_limited', `too many failed logins: try again in ${seconds} s`, {
      retryAfterSeconds: seconds,
    });
  }
}

function subjectOf(userName: string, address?: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([userName, address]))
    .digest();
}
