import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From where each account was logged in to: guesses from elsewhere do not slow its owner down there. */
export class LoginKnownPlace1765000000000 implements MigrationInterface {
  readonly name = 'LoginKnownPlace1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE login_failure ADD COLUMN known_until timestamptz');
    await runner.query(
      `COMMENT ON COLUMN login_failure.known_until IS 'of an account and an address: a login succeeded there not long ago'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE login_failure DROP COLUMN known_until');
  }
}
