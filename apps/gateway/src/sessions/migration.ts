import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Session tokens of upstreams, encrypted, so that replicas share them. */
export class ProviderSession1763600001000 implements MigrationInterface {
  readonly name = 'ProviderSession1763600001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE provider_session (
      name text COLLATE "C" PRIMARY KEY,
      value bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`);
    await runner.query(
      `COMMENT ON COLUMN provider_session.value IS 'AES-256-GCM under the secret key: nonce, tag, ciphertext; the name is bound to it'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE provider_session');
  }
}
