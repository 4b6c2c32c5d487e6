import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The inventory. Text that is a key or is sorted by is COLLATE "C": the same order on every server, and the quickest.
 * Times that are not known are -infinity, so that "unknown" sorts as the oldest and stays within plain indexes.
 */
const statements = [
  'CREATE EXTENSION IF NOT EXISTS pg_trgm',

  // One row for every object of every kind. Rows are served as `body` text with a few members spliced in behind it, so
  // it stays in the row uncompressed (MAIN); `native` is read seldom and moves out of the row when that gets long.
  `CREATE TABLE resource (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    connection text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name_sort text COLLATE "C" NOT NULL,
    status text COLLATE "C",
    team text COLLATE "C",
    parent_id text COLLATE "C",
    target_id text COLLATE "C",
    labels text[] COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    observed_at timestamptz NOT NULL,
    hash uuid NOT NULL,
    facts_hash uuid NOT NULL,
    body json NOT NULL,
    latest json,
    native json NOT NULL,
    gone_at timestamptz
  ) WITH (fillfactor = 90)`,
  'ALTER TABLE resource ALTER COLUMN body SET STORAGE MAIN',
  `COMMENT ON COLUMN resource.name_sort IS 'the name in lower case, cut at 256 characters'`,
  `COMMENT ON COLUMN resource.hash IS 'of everything below it and team; equal: nothing is written'`,
  `COMMENT ON COLUMN resource.facts_hash IS 'without native and the fields that move by themselves; equal: no event'`,
  `COMMENT ON COLUMN resource.latest IS 'the latest release as told with the deployment itself'`,

  ...[
    'resource_by_name ON resource (kind, name_sort, id)',
    'resource_by_created ON resource (kind, created_at, id)',
    'resource_by_updated ON resource (kind, updated_at, id)',
    'resource_by_status ON resource (kind, status, name_sort, id)',
    'resource_by_connection_name ON resource (connection, kind, name_sort, id)',
    // what a finished walk has not seen is found by seq within this index alone
    'resource_by_connection_created ON resource (connection, kind, created_at, id) INCLUDE (seq)',
    'resource_by_connection_updated ON resource (connection, kind, updated_at, id)',
    'resource_by_label ON resource USING gin (labels) WITH (gin_pending_list_limit = 512)',
    'resource_by_trigram ON resource USING gin (name_sort gin_trgm_ops) WITH (gin_pending_list_limit = 512)',
  ].map((index) => `CREATE INDEX ${index} WHERE gone_at IS NULL`),
  ...['parent_id', 'target_id'].map(
    (column) =>
      `CREATE INDEX resource_by_${column.replace('_id', '')} ON resource (${column}, kind, created_at, id)
       WHERE gone_at IS NULL AND ${column} IS NOT NULL`,
  ),
  `CREATE INDEX resource_by_team ON resource (team, kind, name_sort, id) WHERE gone_at IS NULL AND team IS NOT NULL`,
  'CREATE INDEX resource_gone ON resource (gone_at) WHERE gone_at IS NOT NULL',

  // How many live rows there are by each thing that a list can be filtered by; kept by the transactions that write rows.
  `CREATE TABLE resource_count (
    kind text COLLATE "C" NOT NULL,
    facet text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    connection text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (kind, facet, value, connection)
  ) WITH (fillfactor = 70)`,

  `CREATE TABLE inventory_revision (
    connection text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (connection, kind)
  ) WITH (fillfactor = 50)`,
  `COMMENT ON COLUMN inventory_revision.kind IS 'empty: the state of the source itself'`,

  // What happened, in the order of one resource. \`xact\` lets a reader leave out what may still have open gaps before it.
  `CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    connection text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    change text COLLATE "C" NOT NULL CHECK (change IN ('created', 'updated', 'deleted')),
    status text COLLATE "C",
    previous_status text COLLATE "C"
  )`,
  'CREATE INDEX outbox_by_time ON outbox (at)',

  // Whoever writes rows of a connection holds the lock of its row here, so that counters never collide.
  `CREATE TABLE sync_state (
    connection text COLLATE "C" PRIMARY KEY,
    provider text NOT NULL,
    lease_owner text,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    requested bigint NOT NULL DEFAULT 0,
    serving bigint NOT NULL DEFAULT 0,
    served bigint NOT NULL DEFAULT 0,
    confirmed bigint NOT NULL DEFAULT 0,
    run_ms bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 50)`,
  `COMMENT ON COLUMN sync_state.requested IS 'number of the latest request for a sync; serving, served: what the run under way and the last one answer; confirmed: the latest that allows any deletion'`,

  `CREATE TABLE sync_kind (
    connection text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    observed_at timestamptz,
    due_at timestamptz NOT NULL DEFAULT '-infinity',
    hold_until timestamptz,
    error_code text,
    error_message text,
    failing_since timestamptz,
    failures int NOT NULL DEFAULT 0,
    suspect boolean NOT NULL DEFAULT false,
    walk bigint,
    walk_started timestamptz,
    walk_cursor text,
    walk_pages int NOT NULL DEFAULT 0,
    walk_phase text,
    walk_shifted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (connection, kind)
  ) WITH (fillfactor = 50)`,
  `COMMENT ON COLUMN sync_kind.observed_at IS 'when the last finished walk began'`,
  `COMMENT ON COLUMN sync_kind.walk_cursor IS 'where the walk under way goes on; null: at the first page'`,

  'CREATE SEQUENCE sync_walk',
  `CREATE TABLE sync_seen (
    walk bigint NOT NULL,
    page int NOT NULL,
    seqs bigint[] NOT NULL,
    PRIMARY KEY (walk, page)
  )`,
  `COMMENT ON TABLE sync_seen IS 'which rows (by seq) each page of a walk under way has shown'`,
];

export class Inventory1763600000000 implements MigrationInterface {
  readonly name = 'Inventory1763600000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE resource, resource_count, inventory_revision, outbox, sync_state, sync_kind, sync_seen',
    );
    await runner.query('DROP SEQUENCE sync_walk');
  }
}
