import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Connections that are made over the API. */
export class Connections1764950000000 implements MigrationInterface {
  readonly name = 'Connections1764950000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE connection (
      id text COLLATE "C" PRIMARY KEY,
      slug text COLLATE "C" NOT NULL UNIQUE,
      provider text NOT NULL,
      team text COLLATE "C",
      sync_interval_ms bigint NOT NULL,
      settings bytea NOT NULL,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      removed_at timestamptz
    )`);
    await runner.query(`COMMENT ON COLUMN connection.team IS 'slug of the team; null: everyone'`);
    await runner.query(
      `COMMENT ON COLUMN connection.settings IS 'sealed: secrets and all, as JSON; the id is bound to it'`,
    );
    await runner.query(
      `COMMENT ON COLUMN connection.removed_at IS 'set: nobody sees it any more; the row goes when its inventory is gone'`,
    );
    await runner.query(`ALTER TABLE sync_state ADD COLUMN link text COLLATE "C" NOT NULL DEFAULT ''`);
    await runner.query(
      `COMMENT ON COLUMN sync_state.link IS 'id of the connection that the rows belong to; empty: one of the file'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sync_state DROP COLUMN link');
    await runner.query('DROP TABLE connection');
  }
}
