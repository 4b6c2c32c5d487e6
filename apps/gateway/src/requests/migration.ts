import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What became of requests: all that failed or were slow, all changes, and a sample of the rest. */
export class Requests1765100000000 implements MigrationInterface {
  readonly name = 'Requests1765100000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX operation_by_request');
    await runner.query('ALTER TABLE event DROP COLUMN request_id');
    await runner.query('DROP TABLE request');
  }
}

const statements = [
  `CREATE TABLE request (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    team text COLLATE "C",
    status int,
    duration_ms real NOT NULL,
    slow boolean NOT NULL,
    connections text[] COLLATE "C" NOT NULL,
    record json NOT NULL,
    detail json NOT NULL
  )`,
  `COMMENT ON COLUMN request.id IS 'callers may choose it, so it is not unique'`,
  `COMMENT ON COLUMN request.status IS 'null: the caller went away first'`,
  `COMMENT ON COLUMN request.record IS 'the line as the API tells it; detail: the rest of the story'`,
  'CREATE INDEX request_by_id ON request (id, seq)',
  'CREATE INDEX request_by_team ON request (team, seq)',
  'CREATE INDEX request_failed ON request (team, seq) WHERE status >= 400',
  'CREATE INDEX request_slow ON request (team, seq) WHERE slow',
  'ALTER TABLE event ADD COLUMN request_id text COLLATE "C"',
  'CREATE INDEX event_by_request ON event (request_id) WHERE request_id IS NOT NULL',
  'CREATE INDEX operation_by_request ON operation (request_id)',
];
