import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `CREATE TABLE team (
    id text COLLATE "C" PRIMARY KEY,
    slug text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    plan text COLLATE "C" NOT NULL CHECK (plan IN ('free', 'pro', 'enterprise')),
    hourly_limit int CHECK (hourly_limit > 0),
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `COMMENT ON COLUMN team.hourly_limit IS 'requests per hour; null: what the plan says'`,

  `CREATE TABLE app_user (
    id text COLLATE "C" PRIMARY KEY,
    user_name text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `COMMENT ON COLUMN app_user.user_name IS 'in lower case'`,
  `COMMENT ON COLUMN app_user.password_hash IS 'argon2id, in its own text form'`,

  `CREATE TABLE team_member (
    team_id text COLLATE "C" NOT NULL REFERENCES team,
    user_id text COLLATE "C" NOT NULL REFERENCES app_user,
    role text COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
  )`,
  'CREATE INDEX team_member_by_user ON team_member (user_id, created_at, team_id)',

  `CREATE TABLE api_key (
    id text COLLATE "C" PRIMARY KEY,
    team_id text COLLATE "C" NOT NULL REFERENCES team,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    prefix text NOT NULL,
    last_four text NOT NULL,
    scopes text[] COLLATE "C" NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
  )`,
  `COMMENT ON COLUMN api_key.hash IS 'SHA-256 of the whole key, which has 256 random bits; the key itself is not kept'`,
  `COMMENT ON COLUMN api_key.created_by IS 'root, or the id of a user, key or client'`,
  'CREATE INDEX api_key_by_team ON api_key (team_id, id)',
  'CREATE INDEX api_key_by_maker ON api_key (created_by, team_id)',

  `CREATE TABLE login_session (
    id text COLLATE "C" PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL REFERENCES app_user,
    team_id text COLLATE "C" REFERENCES team,
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
  )`,
  `COMMENT ON COLUMN login_session.team_id IS 'the team that was chosen at login; null: the user''s first one'`,
  'CREATE INDEX login_session_by_user ON login_session (user_id)',
  'CREATE INDEX login_session_by_end ON login_session (expires_at)',

  // Who is not there is counted like who is: the name is a hash, and no key leads to a user.
  `CREATE TABLE login_failure (
    subject bytea PRIMARY KEY,
    failures int NOT NULL,
    last_at timestamptz NOT NULL,
    open_at timestamptz NOT NULL
  )`,
  `COMMENT ON COLUMN login_failure.subject IS 'SHA-256 of a user name, or of a user name and an address'`,
  `COMMENT ON COLUMN login_failure.open_at IS 'no attempt is looked at before'`,
  'CREATE INDEX login_failure_by_time ON login_failure (last_at)',

  `CREATE TABLE audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    at timestamptz NOT NULL DEFAULT now(),
    actor_id text COLLATE "C",
    actor_kind text COLLATE "C",
    actor_name text,
    team text COLLATE "C",
    action text COLLATE "C" NOT NULL,
    target_kind text COLLATE "C",
    target_id text COLLATE "C",
    outcome text COLLATE "C" NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    request_id text COLLATE "C" NOT NULL,
    address text COLLATE "C",
    detail jsonb NOT NULL DEFAULT '{}'
  )`,
  `COMMENT ON COLUMN audit.team IS 'slug of the team that it concerns; null: for the eyes of root alone'`,
  ...['team', 'actor_id', 'target_id'].map(
    (column) => `CREATE INDEX audit_by_${column.replace('_id', '')} ON audit (${column}, seq)`,
  ),
  `CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$`,
  `CREATE TRIGGER audit_rows BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()`,
  `CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()`,

  // Goes up with every change of who may do what, in the same transaction.
  `CREATE TABLE access_revision (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    revision bigint NOT NULL
  ) WITH (fillfactor = 10)`,
  'INSERT INTO access_revision (revision) VALUES (0)',
];

/** Teams, users, keys and sessions, and the audit of what they do. */
export class Access1764800000000 implements MigrationInterface {
  readonly name = 'Access1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE audit, access_revision, login_failure, login_session, api_key, team_member, app_user, team',
    );
    await runner.query('DROP FUNCTION audit_is_append_only');
  }
}
