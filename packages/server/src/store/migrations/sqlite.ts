/**
 * The schema of the embedded database, as the steps that lead to it. A step that was released is never edited. Times are
 * milliseconds, ids are text, sealed values are blobs.
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
];
