import type { MigrationInterface, QueryRunner } from 'typeorm';

const statements = [
  `CREATE TABLE oauth_client (
    id text COLLATE "C" PRIMARY KEY,
    team_id text COLLATE "C" NOT NULL REFERENCES team,
    name text NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('confidential', 'public')),
    secret_hash bytea,
    grant_types text[] COLLATE "C" NOT NULL,
    redirect_uris text[] NOT NULL,
    scopes text[] COLLATE "C" NOT NULL,
    pkce_required boolean NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'public') = (secret_hash IS NULL))
  )`,
  `COMMENT ON COLUMN oauth_client.secret_hash IS 'SHA-256 of the secret, which has 256 random bits; the secret itself is not kept'`,
  `COMMENT ON COLUMN oauth_client.created_by IS 'root, or the id of a user, key or client'`,
  'CREATE INDEX oauth_client_by_team ON oauth_client (team_id, id)',

  `CREATE TABLE oauth_artifact (
    model text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    payload bytea NOT NULL,
    grant_id text COLLATE "C",
    uid text COLLATE "C",
    client_id text COLLATE "C",
    user_id text COLLATE "C",
    kid text COLLATE "C",
    consumed_at timestamptz,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (model, id)
  )`,
  `COMMENT ON TABLE oauth_artifact IS 'codes, tokens, grants, browser sessions and logins under way'`,
  `COMMENT ON COLUMN oauth_artifact.id IS 'SHA-256 in base64url: a code, a refresh token or a session can be used by whoever reads its id'`,
  `COMMENT ON COLUMN oauth_artifact.payload IS 'JSON, sealed under the secret key; model and id are bound to it'`,
  `COMMENT ON COLUMN oauth_artifact.grant_id IS 'what it comes from; of a grant: its own id'`,
  `COMMENT ON COLUMN oauth_artifact.kid IS 'the key that signed it, of an access token'`,
  'CREATE INDEX oauth_artifact_by_grant ON oauth_artifact (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX oauth_artifact_by_uid ON oauth_artifact (uid) WHERE uid IS NOT NULL',
  'CREATE INDEX oauth_artifact_by_client ON oauth_artifact (client_id) WHERE client_id IS NOT NULL',
  'CREATE INDEX oauth_artifact_by_user ON oauth_artifact (user_id) WHERE user_id IS NOT NULL',
  'CREATE INDEX oauth_artifact_by_end ON oauth_artifact (expires_at)',
  'CREATE INDEX oauth_artifact_by_model ON oauth_artifact (model, expires_at)',

  `CREATE TABLE oauth_key (
    kid text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C" NOT NULL CHECK (state IN ('next', 'current', 'previous')),
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retires_at timestamptz,
    CHECK ((state = 'previous') = (retires_at IS NOT NULL))
  )`,
  `COMMENT ON COLUMN oauth_key.private_key IS 'JWK, sealed under the secret key; the kid is bound to it'`,
  `COMMENT ON COLUMN oauth_key.retires_at IS 'no token that it signed is left then'`,
  `CREATE UNIQUE INDEX oauth_key_one_of_each ON oauth_key (state) WHERE state <> 'previous'`,
];

/** Clients, keys, and everything that the OAuth server hands out. */
export class OAuth1764900000000 implements MigrationInterface {
  readonly name = 'OAuth1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE oauth_key, oauth_artifact, oauth_client');
  }
}
