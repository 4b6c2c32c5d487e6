import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sealed texts now begin with the id of their key. A session that was stored before is replaced by a login. */
export class SessionKeyId1764700000000 implements MigrationInterface {
  readonly name = 'SessionKeyId1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM provider_session');
    await runner.query(
      `COMMENT ON COLUMN provider_session.value IS 'sealed: version, key id, nonce, tag, AES-256-GCM ciphertext; the name is bound to it'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM provider_session');
  }
}
