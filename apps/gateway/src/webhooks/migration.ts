import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `CREATE TABLE webhook (
    id text COLLATE "C" PRIMARY KEY,
    team_id text COLLATE "C" REFERENCES team,
    url text NOT NULL,
    events text[] COLLATE "C" NOT NULL,
    description text,
    ordered boolean NOT NULL,
    secrets bytea NOT NULL,
    previous_until timestamptz,
    after bigint NOT NULL,
    disabled_reason text COLLATE "C" CHECK (disabled_reason IN ('asked', 'gone', 'failing')),
    disabled_at timestamptz,
    failures int NOT NULL DEFAULT 0,
    failing_since timestamptz,
    paused_until timestamptz,
    created_by text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL))
  )`,
  `COMMENT ON COLUMN webhook.team_id IS 'null: of root, which hears everything'`,
  `COMMENT ON COLUMN webhook.secrets IS 'sealed: that of now and that of before, as JSON; the id is bound to it'`,
  `COMMENT ON COLUMN webhook.previous_until IS 'the secret of before signs until then'`,
  `COMMENT ON COLUMN webhook.after IS 'events up to this sequence are none of its business'`,
  `COMMENT ON COLUMN webhook.failures IS 'attempts in a row that failed, over all deliveries'`,
  'CREATE INDEX webhook_by_team ON webhook (team_id, id)',

  `CREATE TABLE webhook_delivery (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook text COLLATE "C" NOT NULL REFERENCES webhook ON DELETE CASCADE,
    sequence bigint,
    event_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    body text,
    lane text COLLATE "C",
    replay boolean NOT NULL DEFAULT false,
    state text COLLATE "C" NOT NULL CHECK (state IN ('held', 'waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    due_at timestamptz NOT NULL,
    lease_until timestamptz,
    attempt int NOT NULL DEFAULT 0,
    attempts jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CHECK ((sequence IS NULL) = (body IS NOT NULL))
  )`,
  `COMMENT ON COLUMN webhook_delivery.sequence IS 'of its event; null: a test, whose body is here'`,
  `COMMENT ON COLUMN webhook_delivery.lane IS 'what is sent one after the other, where that is asked for: the resource'`,
  `COMMENT ON COLUMN webhook_delivery.attempts IS 'what came of each so far'`,
  `CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook, due_at, seq) WHERE state = 'waiting'`,
  `CREATE INDEX webhook_delivery_running ON webhook_delivery (lease_until) WHERE state = 'running'`,
  `CREATE INDEX webhook_delivery_lane ON webhook_delivery (webhook, lane, seq)
    WHERE lane IS NOT NULL AND state IN ('held', 'waiting', 'running')`,
  'CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook, seq)',
  `CREATE INDEX webhook_delivery_finished ON webhook_delivery (finished_at) WHERE finished_at IS NOT NULL`,

  // One row: the sequence of the last event that deliveries were made of. Whoever makes them holds it.
  'CREATE TABLE webhook_head (sequence bigint NOT NULL)',
  'INSERT INTO webhook_head (sequence) SELECT sequence FROM event_head',
];

/** Webhooks, and what is sent to them. */
export class Webhooks1765200000000 implements MigrationInterface {
  readonly name = 'Webhooks1765200000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_head, webhook_delivery, webhook');
  }
}
