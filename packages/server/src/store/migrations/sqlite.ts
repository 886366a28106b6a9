/**
 * The schema of the embedded database, as the steps that lead to it. A step that was released is never edited: a test
 * holds the hash of each. One process has the file, so no two versions use it side by side, and a step may change
 * anything. Times are milliseconds, ids are text, sealed values are blobs.
 */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
}

export const SQLITE_MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    name: "first",
    sql: `
      CREATE TABLE apps (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE api_keys (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), name TEXT NOT NULL, scopes TEXT NOT NULL,
        sealed_signing_key BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX api_keys_of_app ON api_keys (app_id, created_at, id);

      CREATE TABLE secrets (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), name TEXT NOT NULL, provider TEXT NOT NULL,
        injection TEXT NOT NULL, allowed_hosts TEXT NOT NULL, sealed_value BLOB NOT NULL, version INTEGER NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (app_id, name)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX secrets_of_app ON secrets (app_id, id);

      CREATE TABLE grants (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), secret_id TEXT NOT NULL, provider TEXT NOT NULL,
        principal_type TEXT NOT NULL, label TEXT, status TEXT NOT NULL, allow_retrieve INTEGER NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX grants_of_app ON grants (app_id, id);
      CREATE INDEX grants_of_provider ON grants (app_id, provider, id);
      CREATE INDEX grants_of_secret ON grants (secret_id);

      CREATE TABLE data_keys (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL, master_key_id TEXT NOT NULL, wrapped BLOB NOT NULL,
        active INTEGER NOT NULL, created_at INTEGER NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX data_keys_active ON data_keys (app_id) WHERE active = 1;

      CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

      CREATE TABLE nonces (
        place INTEGER PRIMARY KEY, created INTEGER NOT NULL, key_id TEXT NOT NULL, nonce TEXT NOT NULL
      ) STRICT;

      CREATE TABLE log (
        seq INTEGER PRIMARY KEY, writer TEXT NOT NULL, kind TEXT NOT NULL, entry_id TEXT NOT NULL, app_id TEXT,
        at INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX log_by_entry ON log (entry_id, kind);
      CREATE INDEX log_of_app ON log (app_id, seq) WHERE kind = 'entry';

      CREATE TABLE log_refs (
        app_id TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (app_id, name, value, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE log_indexed (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL) STRICT;
      INSERT INTO log_indexed VALUES (1, 0);

      CREATE TABLE checkpoints (
        writer TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, at INTEGER NOT NULL, signature BLOB NOT NULL,
        PRIMARY KEY (writer, seq)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    id: 2,
    name: "connected accounts",
    sql: `
      CREATE TABLE grants_2 (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), secret_id TEXT, provider TEXT NOT NULL,
        principal_type TEXT NOT NULL, label TEXT, status TEXT NOT NULL, allow_retrieve INTEGER NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER,
        account_id TEXT, account_identifier TEXT, account_name TEXT, policy TEXT, data TEXT
      ) STRICT, WITHOUT ROWID;
      INSERT INTO grants_2
        SELECT id, app_id, secret_id, provider, principal_type, label, status, allow_retrieve, created_at, expires_at,
               revoked_at, NULL, NULL, NULL, NULL, NULL FROM grants;
      DROP TABLE grants;
      ALTER TABLE grants_2 RENAME TO grants;
      CREATE INDEX grants_of_app ON grants (app_id, id);
      CREATE INDEX grants_of_provider ON grants (app_id, provider, id);
      CREATE INDEX grants_of_secret ON grants (secret_id) WHERE secret_id IS NOT NULL;
      CREATE UNIQUE INDEX grants_of_account ON grants (app_id, provider, account_id)
        WHERE account_id IS NOT NULL AND status <> 'deleted';

      CREATE TABLE oauth_credentials (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), provider TEXT NOT NULL, flow TEXT NOT NULL,
        version INTEGER NOT NULL, sealed_tokens BLOB NOT NULL, asked_scopes TEXT NOT NULL, granted_scopes TEXT NOT NULL,
        variables TEXT NOT NULL, token_expires_at INTEGER, refresh_expires_at INTEGER, refresh_due_at INTEGER,
        connected_at INTEGER NOT NULL, refreshed_at INTEGER, state TEXT NOT NULL, problem TEXT, failing_since INTEGER,
        failures INTEGER NOT NULL, lease_id TEXT, lease_until INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX oauth_credentials_due ON oauth_credentials (refresh_due_at) WHERE refresh_due_at IS NOT NULL;
      CREATE INDEX oauth_credentials_leased ON oauth_credentials (id) WHERE lease_id IS NOT NULL;

      CREATE TABLE provider_configs (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), provider TEXT NOT NULL, client_id TEXT NOT NULL,
        sealed_client BLOB NOT NULL, has_client_secret INTEGER NOT NULL, has_private_key INTEGER NOT NULL,
        variables TEXT NOT NULL, allowed_scopes TEXT, default_scopes TEXT NOT NULL, redirect_uri TEXT, grant_schema TEXT,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (app_id, provider)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE custom_providers (
        app_id TEXT NOT NULL REFERENCES apps (id), provider TEXT NOT NULL, definition TEXT NOT NULL,
        created_at INTEGER NOT NULL, PRIMARY KEY (app_id, provider)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE connect_sessions (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), token_hash TEXT NOT NULL UNIQUE,
        options TEXT NOT NULL, status TEXT NOT NULL, grants TEXT NOT NULL, error TEXT, created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX connect_sessions_by_end ON connect_sessions (expires_at);

      CREATE TABLE connect_attempts (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL, session_id TEXT NOT NULL, provider TEXT NOT NULL,
        state_hash TEXT NOT NULL UNIQUE, browser_hash TEXT NOT NULL, sealed_secrets BLOB NOT NULL,
        asked_scopes TEXT NOT NULL, variables TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        used_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX connect_attempts_of_session ON connect_attempts (session_id, id);
      CREATE INDEX connect_attempts_by_end ON connect_attempts (expires_at);

      CREATE TABLE connect_settings (
        app_id TEXT PRIMARY KEY REFERENCES apps (id), settings TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    id: 3,
    name: "nonces of one commit in one row",
    sql: `
      CREATE TABLE nonce_batches (
        place INTEGER PRIMARY KEY, newest INTEGER NOT NULL, names TEXT NOT NULL
      ) STRICT;
      INSERT INTO nonce_batches (newest, names)
        SELECT created, created || ' ' || key_id || ' ' || nonce || char(10) FROM nonces ORDER BY place;
      DROP TABLE nonces;
    `,
  },
  {
    id: 4,
    name: "users, groups, agents and sessions",
    sql: `
      ALTER TABLE grants ADD COLUMN principal_id TEXT;
      DROP INDEX grants_of_account;
      CREATE UNIQUE INDEX grants_of_account
        ON grants (app_id, provider, account_id, principal_type, coalesce(principal_id, ''))
        WHERE account_id IS NOT NULL AND status <> 'deleted';
      DROP INDEX grants_of_provider;
      CREATE INDEX grants_of_principal
        ON grants (app_id, principal_type, coalesce(principal_id, ''), provider, id);

      ALTER TABLE api_keys ADD COLUMN agent_id TEXT;
      ALTER TABLE api_keys ADD COLUMN cidrs TEXT;
      ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER;
      ALTER TABLE api_keys ADD COLUMN deprecated_at INTEGER;
      CREATE INDEX api_keys_of_agent ON api_keys (agent_id) WHERE agent_id IS NOT NULL;

      CREATE TABLE identity_providers (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), name TEXT NOT NULL, preset TEXT NOT NULL,
        issuer TEXT NOT NULL, audiences TEXT NOT NULL, authorized_parties TEXT NOT NULL, algorithms TEXT NOT NULL,
        jwks_url TEXT NOT NULL, claims TEXT NOT NULL, client_id TEXT, status TEXT NOT NULL, webhook_kind TEXT,
        sealed_secrets BLOB NOT NULL, scim_token_hash TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        UNIQUE (app_id, issuer)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE users (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), idp_id TEXT NOT NULL, subject TEXT NOT NULL,
        email TEXT, name TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL, last_seen_at INTEGER,
        UNIQUE (app_id, idp_id, subject)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE user_groups (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), idp_id TEXT NOT NULL, external_id TEXT NOT NULL,
        name TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (app_id, idp_id, external_id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE memberships (
        app_id TEXT NOT NULL, user_id TEXT NOT NULL, group_id TEXT NOT NULL, PRIMARY KEY (app_id, user_id, group_id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX memberships_of_group ON memberships (app_id, group_id, user_id);

      CREATE TABLE vault_sessions (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), token_hash TEXT NOT NULL UNIQUE,
        user_id TEXT NOT NULL, agent_id TEXT, scopes TEXT NOT NULL, providers TEXT, grants TEXT, parent_id TEXT,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX vault_sessions_by_end ON vault_sessions (expires_at);

      CREATE TABLE agents (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), name TEXT NOT NULL, display_name TEXT,
        type TEXT NOT NULL, status TEXT NOT NULL, scopes TEXT NOT NULL, metadata TEXT NOT NULL, idempotency_key TEXT,
        body_hash TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX agents_by_name ON agents (app_id, name) WHERE status <> 'revoked';
      CREATE UNIQUE INDEX agents_by_idempotency_key ON agents (app_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

      CREATE TABLE delegations (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), agent_id TEXT NOT NULL, grant_id TEXT NOT NULL,
        provider TEXT NOT NULL, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX delegations_of_agent ON delegations (app_id, agent_id, grant_id) WHERE revoked_at IS NULL;
      CREATE INDEX delegations_by_provider ON delegations (app_id, agent_id, provider) WHERE revoked_at IS NULL;
      CREATE INDEX delegations_of_grant ON delegations (app_id, grant_id);
    `,
  },
  {
    id: 5,
    name: "calls of tools",
    sql: `
      CREATE TABLE tool_calls (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL, request_hash TEXT NOT NULL, entry_id TEXT NOT NULL,
        state TEXT NOT NULL, claimed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX tool_calls_by_end ON tool_calls (expires_at);
      CREATE INDEX tool_calls_open ON tool_calls (id) WHERE state = 'open';

      CREATE TABLE tool_call_answers (id TEXT PRIMARY KEY, app_id TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
    `,
  },
  {
    id: 6,
    name: "policies and approvals",
    sql: `
      CREATE TABLE policy_versions (
        app_id TEXT NOT NULL REFERENCES apps (id), version INTEGER NOT NULL, document TEXT NOT NULL, note TEXT,
        created_by TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (app_id, version)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE policy_heads (
        app_id TEXT PRIMARY KEY REFERENCES apps (id), published INTEGER, shadow INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE policy_drafts (
        app_id TEXT PRIMARY KEY REFERENCES apps (id), document TEXT NOT NULL, saved_by TEXT NOT NULL,
        saved_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE policy_stops (
        app_id TEXT NOT NULL REFERENCES apps (id), kind TEXT NOT NULL, value TEXT NOT NULL, reason TEXT,
        created_by TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (app_id, kind, value)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE policy_takes (
        app_id TEXT NOT NULL, rule_id TEXT NOT NULL, key TEXT NOT NULL, buckets TEXT NOT NULL, ends_at INTEGER,
        PRIMARY KEY (app_id, rule_id, key)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX policy_takes_by_end ON policy_takes (ends_at) WHERE ends_at IS NOT NULL;

      CREATE TABLE approvals (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL REFERENCES apps (id), request_hash TEXT NOT NULL, status TEXT NOT NULL,
        key_id TEXT NOT NULL, agent_id TEXT, user_id TEXT, shown TEXT NOT NULL, requirements TEXT NOT NULL,
        entry_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, decided_at INTEGER,
        decision_reason TEXT, executed_at INTEGER, problem TEXT, told INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX approvals_of_app ON approvals (app_id, id);
      CREATE INDEX approvals_of_request ON approvals (app_id, request_hash, id);
      CREATE INDEX approvals_to_do ON approvals (status, id) WHERE status IN ('approved', 'executing');
      CREATE TABLE approval_votes (
        approval_id TEXT NOT NULL, approver TEXT NOT NULL, decision TEXT NOT NULL, reason TEXT, rule_ids TEXT NOT NULL,
        at INTEGER NOT NULL, PRIMARY KEY (approval_id, approver)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE approval_links (
        token_hash TEXT PRIMARY KEY, app_id TEXT NOT NULL, approval_id TEXT NOT NULL, decides_as TEXT,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX approval_links_of_approval ON approval_links (approval_id);
      CREATE TABLE approval_calls (id TEXT PRIMARY KEY, app_id TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
      CREATE TABLE approval_results (id TEXT PRIMARY KEY, app_id TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
    `,
  },
  {
    id: 7,
    name: "what directories say of users",
    sql: `
      -- status is the operator's word; an identity provider has one of its own, and the stricter counts.
      ALTER TABLE users ADD COLUMN active_in_directory INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE users ADD COLUMN user_name TEXT;
      ALTER TABLE users ADD COLUMN user_name_key TEXT;
      -- Since when what is known of profile and groups is true: older tokens do not bring back what was taken away.
      ALTER TABLE users ADD COLUMN said_at INTEGER NOT NULL DEFAULT 0;
      CREATE UNIQUE INDEX users_by_name ON users (app_id, idp_id, user_name_key) WHERE user_name_key IS NOT NULL;

      CREATE TABLE memberships_2 (
        app_id TEXT NOT NULL, user_id TEXT NOT NULL, group_id TEXT NOT NULL, source TEXT NOT NULL,
        PRIMARY KEY (app_id, user_id, group_id, source)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO memberships_2 SELECT app_id, user_id, group_id, 'token' FROM memberships;
      DROP TABLE memberships;
      ALTER TABLE memberships_2 RENAME TO memberships;
      CREATE INDEX memberships_of_group ON memberships (app_id, group_id, user_id);
      CREATE INDEX delegations_of_user
        ON delegations (app_id, user_id, agent_id, provider, grant_id, expires_at, revoked_at);
      -- In the order of grants, so that whoever wants the first few need not see all.
      DROP INDEX delegations_by_provider;
      CREATE INDEX delegations_by_provider ON delegations (app_id, agent_id, provider, grant_id)
        WHERE revoked_at IS NULL;

      CREATE TABLE idp_notices (
        app_id TEXT NOT NULL, idp_id TEXT NOT NULL, notice TEXT NOT NULL, expires_at INTEGER NOT NULL,
        PRIMARY KEY (app_id, idp_id, notice)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX idp_notices_by_end ON idp_notices (expires_at);
    `,
  },
  {
    id: 8,
    name: "chains of other vaults",
    sql: `
      -- Of rows that came with an import: their place in the chain they are from. Of the vault's own rows it is their
      -- place in the file, less that of the row before the first of them.
      ALTER TABLE log ADD COLUMN chain_seq INTEGER;
      CREATE INDEX log_of_imported_chain ON log (writer, chain_seq) WHERE chain_seq IS NOT NULL;
      -- Of a vault that began with an import. Without it, the chain is "main", and begins with the file.
      CREATE TABLE own_chain (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), writer TEXT NOT NULL, starts_after INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    id: 9,
    name: "who makes an approved call",
    sql: `
      -- The chain of the process. Here there is one; other storage, where a vault may have come from, has several.
      ALTER TABLE approvals ADD COLUMN holder TEXT;
    `,
  },
  {
    id: 10,
    name: "keys of users",
    sql: `
      CREATE TABLE user_keys (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL, user_id TEXT NOT NULL, sealed_key BLOB NOT NULL,
        active INTEGER NOT NULL, created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX user_keys_active ON user_keys (app_id, user_id) WHERE active = 1;
      CREATE INDEX user_keys_of_user ON user_keys (app_id, user_id);

      -- Whose the sealed value is; null: the app's.
      ALTER TABLE oauth_credentials ADD COLUMN user_id TEXT;
      UPDATE oauth_credentials SET user_id =
        (SELECT principal_id FROM grants WHERE grants.id = oauth_credentials.id AND principal_type = 'user');
      ALTER TABLE approvals ADD COLUMN owner_id TEXT;
      UPDATE approvals SET owner_id = user_id;
      CREATE INDEX approvals_of_owner ON approvals (app_id, owner_id) WHERE owner_id IS NOT NULL;
      ALTER TABLE tool_calls ADD COLUMN user_id TEXT;
      CREATE INDEX tool_calls_of_user ON tool_calls (app_id, user_id) WHERE user_id IS NOT NULL;
      CREATE INDEX vault_sessions_of_user ON vault_sessions (user_id);
    `,
  },
  {
    id: 11,
    name: "an end to keeping the log",
    sql: `
      -- The newest row counts.
      CREATE TABLE log_retention (
        set_at INTEGER PRIMARY KEY, days INTEGER NOT NULL, set_by TEXT NOT NULL
      ) STRICT;
      CREATE TABLE log_holds (
        id TEXT PRIMARY KEY, app_id TEXT NOT NULL, user_id TEXT, since INTEGER, until INTEGER, reason TEXT NOT NULL,
        created_by TEXT NOT NULL, created_at INTEGER NOT NULL, released_by TEXT, released_at INTEGER
      ) STRICT, WITHOUT ROWID;
      -- The last row of each chain that was removed: what is left begins after it.
      CREATE TABLE log_starts (
        writer TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL, before INTEGER NOT NULL, at INTEGER NOT NULL,
        signature BLOB NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
];
