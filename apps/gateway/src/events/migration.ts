import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One ordered log of everything that happens, made from the outbox. */
export class Events1764540003000 implements MigrationInterface {
  readonly name = 'Events1764540003000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE event, event_head');
    await runner.query('DELETE FROM outbox');
    await runner.query(`ALTER TABLE outbox DROP COLUMN body, DROP COLUMN version, DROP COLUMN request_id, DROP COLUMN team,
      ALTER COLUMN connection SET NOT NULL, ADD CHECK (change IN ('created', 'updated', 'deleted'))`);
    await runner.query('ALTER TABLE resource DROP COLUMN version');
    await runner.query('ALTER TABLE sync_state DROP COLUMN synced_at, DROP COLUMN failing');
  }
}

const statements = [
  'ALTER TABLE resource ADD COLUMN version bigint NOT NULL DEFAULT 1',
  `COMMENT ON COLUMN resource.version IS 'how often the row was written'`,
  'ALTER TABLE outbox DROP CONSTRAINT outbox_change_check',
  `ALTER TABLE outbox ALTER COLUMN connection DROP NOT NULL, ADD COLUMN body json, ADD COLUMN version bigint,
    ADD COLUMN request_id text COLLATE "C", ADD COLUMN team text COLLATE "C"`,
  `COMMENT ON COLUMN outbox.body IS 'the resource as it was in this moment; of one that is gone: as it was last'`,
  `COMMENT ON COLUMN outbox.request_id IS 'of the request of ours that caused it'`,
  `ALTER TABLE sync_state ADD COLUMN synced_at timestamptz, ADD COLUMN failing boolean NOT NULL DEFAULT false`,
  `COMMENT ON COLUMN sync_state.synced_at IS 'when every kind had been walked to its end for the first time'`,
  // Connections that were synced before there was a log have nothing to announce.
  'UPDATE sync_state SET synced_at = now()',

  `CREATE TABLE event (
    sequence bigint PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    type text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    connection text COLLATE "C",
    team text COLLATE "C",
    resource_id text COLLATE "C",
    body text NOT NULL
  )`,
  `COMMENT ON TABLE event IS 'without a gap in sequence; body is the finished JSON of the event'`,
  'CREATE INDEX event_by_type ON event (type, sequence)',
  'CREATE INDEX event_by_resource ON event (resource_id, sequence) WHERE resource_id IS NOT NULL',
  'CREATE INDEX event_by_time ON event (at)',
  // One row: the sequence of the newest event. Whoever appends holds it.
  'CREATE TABLE event_head (sequence bigint NOT NULL)',
  'INSERT INTO event_head (sequence) VALUES (0)',
];
