import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Writes to upstreams, and how far each has come. */
export class Operations1764540002000 implements MigrationInterface {
  readonly name = 'Operations1764540002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE operation (
      id text COLLATE "C" PRIMARY KEY,
      principal text COLLATE "C" NOT NULL,
      connection text COLLATE "C" NOT NULL,
      provider text COLLATE "C" NOT NULL,
      kind text COLLATE "C" NOT NULL,
      action text COLLATE "C" NOT NULL,
      input bytea NOT NULL,
      state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'unresolved')),
      resource_id text COLLATE "C",
      error json,
      request_id text COLLATE "C" NOT NULL,
      traceparent text COLLATE "C" NOT NULL,
      owner text COLLATE "C",
      lease_until timestamptz,
      attempts int NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    )`);
    await runner.query(
      `COMMENT ON COLUMN operation.input IS 'encrypted: what a caller sends to a platform may hold secrets'`,
    );
    await runner.query(
      `CREATE INDEX operation_lost ON operation (lease_until) WHERE state = 'running' AND lease_until IS NOT NULL`,
    );
    await runner.query('CREATE INDEX operation_by_time ON operation (created_at)');
    await runner.query(`CREATE TABLE operation_step (
      operation_id text COLLATE "C" NOT NULL REFERENCES operation (id) ON DELETE CASCADE,
      name text COLLATE "C" NOT NULL,
      position int NOT NULL GENERATED ALWAYS AS IDENTITY,
      state text COLLATE "C" NOT NULL CHECK (state IN ('begun', 'done', 'noted')),
      began_at timestamptz NOT NULL,
      tried_at timestamptz NOT NULL,
      ended_at timestamptz,
      result json,
      PRIMARY KEY (operation_id, name)
    )`);
    await runner.query(
      `COMMENT ON COLUMN operation_step.state IS 'noted: no step, but what was found before one'`,
    );
    // What the upstream still works on is looked at again until it is settled, so that the inventory follows it.
    await runner.query(`CREATE TABLE follow_up (
      resource_id text COLLATE "C" PRIMARY KEY,
      connection text COLLATE "C" NOT NULL,
      due_at timestamptz NOT NULL,
      looks int NOT NULL DEFAULT 0,
      until timestamptz NOT NULL
    )`);
    await runner.query('CREATE INDEX follow_up_due ON follow_up (due_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE follow_up, operation_step, operation');
  }
}
