/**
 * The schema of the PostgreSQL database, as the steps that lead to it. A step that was released is never edited. Times
 * are milliseconds, JSON is text as it was written, ids are text that sorts by its bytes whatever the database's locale.
 *
 * Replicas of two versions run side by side while one takes over from the other. So a step only adds what the program
 * before it can live with (expand), and what nobody uses any more goes one release later (contract). `worksWith` is the
 * newest step an older program may know and still use the database after this one.
 */
export interface PostgresMigration {
  readonly id: number;
  readonly name: string;
  readonly worksWith: number;
  readonly sql: string;
}

const ID = `text COLLATE "C"`;

export const POSTGRES_MIGRATIONS: readonly PostgresMigration[] = [
  {
    id: 1,
    name: "first",
    worksWith: 1,
    sql: `
      CREATE TABLE apps (id ${ID} PRIMARY KEY, name text NOT NULL UNIQUE, created_at bigint NOT NULL);

      CREATE TABLE api_keys (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), name text NOT NULL, scopes text NOT NULL,
        sealed_signing_key bytea NOT NULL, created_at bigint NOT NULL, expires_at bigint, revoked_at bigint
      );
      CREATE INDEX api_keys_of_app ON api_keys (app_id, created_at, id);

      CREATE TABLE secrets (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), name text NOT NULL, provider ${ID} NOT NULL,
        injection text NOT NULL, allowed_hosts text NOT NULL, sealed_value bytea NOT NULL, version integer NOT NULL,
        created_at bigint NOT NULL, updated_at bigint NOT NULL
      );
      CREATE UNIQUE INDEX secrets_by_name ON secrets (app_id, name);
      CREATE INDEX secrets_of_app ON secrets (app_id, id);

      CREATE TABLE grants (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), secret_id ${ID}, provider ${ID} NOT NULL,
        principal_type text NOT NULL, label text, status text NOT NULL, allow_retrieve boolean NOT NULL,
        created_at bigint NOT NULL, expires_at bigint, revoked_at bigint,
        account_id ${ID}, account_identifier text, account_name text, policy text, data text
      );
      CREATE INDEX grants_of_app ON grants (app_id, id);
      CREATE INDEX grants_of_provider ON grants (app_id, provider, id);
      CREATE INDEX grants_of_secret ON grants (secret_id) WHERE secret_id IS NOT NULL;
      CREATE UNIQUE INDEX grants_of_account ON grants (app_id, provider, account_id)
        WHERE account_id IS NOT NULL AND status <> 'deleted';

      CREATE TABLE oauth_credentials (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), provider ${ID} NOT NULL, flow text NOT NULL,
        version integer NOT NULL, sealed_tokens bytea NOT NULL, asked_scopes text NOT NULL, granted_scopes text NOT NULL,
        variables text NOT NULL, token_expires_at bigint, refresh_expires_at bigint, refresh_due_at bigint,
        connected_at bigint NOT NULL, refreshed_at bigint, state text NOT NULL, problem text, failing_since bigint,
        failures integer NOT NULL, lease_id text, lease_until bigint
      );
      CREATE INDEX oauth_credentials_due ON oauth_credentials (refresh_due_at) WHERE refresh_due_at IS NOT NULL;

      CREATE TABLE provider_configs (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), provider ${ID} NOT NULL, client_id text NOT NULL,
        sealed_client bytea NOT NULL, has_client_secret boolean NOT NULL, has_private_key boolean NOT NULL,
        variables text NOT NULL, allowed_scopes text, default_scopes text NOT NULL, redirect_uri text, grant_schema text,
        created_at bigint NOT NULL, updated_at bigint NOT NULL, UNIQUE (app_id, provider)
      );

      CREATE TABLE custom_providers (
        app_id ${ID} NOT NULL REFERENCES apps (id), provider ${ID} NOT NULL, definition text NOT NULL,
        created_at bigint NOT NULL, PRIMARY KEY (app_id, provider)
      );

      CREATE TABLE connect_sessions (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), token_hash ${ID} NOT NULL UNIQUE,
        options text NOT NULL, status text NOT NULL, grants text NOT NULL, error text, created_at bigint NOT NULL,
        expires_at bigint NOT NULL
      );
      CREATE INDEX connect_sessions_by_end ON connect_sessions (expires_at);

      CREATE TABLE connect_attempts (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, session_id ${ID} NOT NULL, provider ${ID} NOT NULL,
        state_hash ${ID} NOT NULL UNIQUE, browser_hash text NOT NULL, sealed_secrets bytea NOT NULL,
        asked_scopes text NOT NULL, variables text NOT NULL, created_at bigint NOT NULL, expires_at bigint NOT NULL,
        used_at bigint
      );
      CREATE INDEX connect_attempts_of_session ON connect_attempts (session_id, id);
      CREATE INDEX connect_attempts_by_end ON connect_attempts (expires_at);

      CREATE TABLE connect_settings (app_id ${ID} PRIMARY KEY REFERENCES apps (id), settings text NOT NULL);

      CREATE TABLE data_keys (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, master_key_id text NOT NULL, wrapped bytea NOT NULL,
        active boolean NOT NULL, created_at bigint NOT NULL
      );
      CREATE UNIQUE INDEX data_keys_active ON data_keys (app_id) WHERE active;
      CREATE INDEX data_keys_by_time ON data_keys (created_at);

      CREATE TABLE settings (name ${ID} PRIMARY KEY, value bytea NOT NULL);

      -- Their times lead, so that new ones lie beside each other and old ones go from one end.
      CREATE TABLE nonces (created bigint, key_id ${ID}, nonce ${ID}, PRIMARY KEY (created, key_id, nonce));

      -- The end of each chain. Its row is what makes two writers of one chain impossible; room is left in each page, so
      -- that a commit changes nothing but the row.
      CREATE TABLE chains (
        writer ${ID} PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL, open boolean NOT NULL,
        opened_after bigint NOT NULL, seen_at timestamptz NOT NULL
      ) WITH (fillfactor = 20);

      -- By the id of the entry, which begins with its time: entry and outcome lie together, lists over all chains come in
      -- the order of time, and a month that is over can be taken away as one piece.
      CREATE TABLE log (
        writer ${ID} NOT NULL, seq bigint NOT NULL, kind text NOT NULL, entry_id ${ID} NOT NULL, app_id ${ID},
        at bigint NOT NULL, body text NOT NULL, hash bytea NOT NULL
      ) PARTITION BY RANGE (entry_id);
      CREATE UNIQUE INDEX log_by_entry ON log (entry_id, kind);
      CREATE INDEX log_of_chain ON log (writer, seq);
      CREATE INDEX log_of_app ON log (app_id, entry_id) WHERE kind = 'entry';
      CREATE TABLE log_rest PARTITION OF log DEFAULT;

      CREATE TABLE log_refs (
        app_id ${ID} NOT NULL, name ${ID} NOT NULL, value ${ID} NOT NULL, entry_id ${ID} NOT NULL,
        PRIMARY KEY (app_id, name, value, entry_id)
      );
      CREATE TABLE log_indexed (writer ${ID} PRIMARY KEY, seq bigint NOT NULL);

      CREATE TABLE checkpoints (
        writer ${ID}, seq bigint, hash bytea NOT NULL, at bigint NOT NULL, signature bytea NOT NULL,
        PRIMARY KEY (writer, seq)
      );
    `,
  },
];
