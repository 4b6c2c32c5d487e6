import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Answers to requests that carry an Idempotency-Key, for whoever asks again. */
export class Idempotency1764540001000 implements MigrationInterface {
  readonly name = 'Idempotency1764540001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE idempotency_key (
      principal text COLLATE "C" NOT NULL,
      key text COLLATE "C" NOT NULL,
      fingerprint bytea NOT NULL,
      operation_id text COLLATE "C" NOT NULL,
      state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'open', 'done')),
      owner text COLLATE "C" NOT NULL,
      lease_until timestamptz NOT NULL,
      answer bytea,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (principal, key)
    )`);
    await runner.query('CREATE INDEX idempotency_key_expires ON idempotency_key (expires_at)');
    await runner.query(
      `COMMENT ON COLUMN idempotency_key.state IS 'open: it ended without an answer worth keeping, and may be tried again'`,
    );
    await runner.query(
      `COMMENT ON COLUMN idempotency_key.answer IS 'status, headers and body, encrypted: it may show a secret that is shown once'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_key');
  }
}
