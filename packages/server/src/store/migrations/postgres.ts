/**
 * The schema of the PostgreSQL database, as the steps that lead to it. A step that was released is never edited: a test
 * holds the hash of each. Times are milliseconds, JSON is text as it was written, ids are text that sorts by its bytes
 * whatever the database's locale.
 *
 * Replicas of two versions run side by side while one takes over from the other. So a step only adds what the program
 * before it can live with (expand), and what nobody uses any more goes one release later (contract). docs/storage.md says
 * what that means for a step.
 */
export interface PostgresMigration {
  readonly id: number;
  readonly name: string;
  /**
   * The last step that the oldest program knows which can still run on the schema after this one. A step that expands
   * leaves it as it was in the step before; one that contracts raises it. No program that knows less starts from then on,
   * and the step is refused while one of those runs.
   */
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
        sealed_signing_key bytea NOT NULL, created_at bigint NOT NULL, expires_at bigint, revoked_at bigint,
        agent_id ${ID}, cidrs text, requests_per_minute bigint, deprecated_at bigint
      );
      CREATE INDEX api_keys_of_app ON api_keys (app_id, created_at, id);
      CREATE INDEX api_keys_of_agent ON api_keys (agent_id) WHERE agent_id IS NOT NULL;

      CREATE TABLE secrets (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), name text NOT NULL, provider ${ID} NOT NULL,
        injection text NOT NULL, allowed_hosts text NOT NULL, sealed_value bytea NOT NULL, version bigint NOT NULL,
        created_at bigint NOT NULL, updated_at bigint NOT NULL
      );
      CREATE UNIQUE INDEX secrets_by_name ON secrets (app_id, name);
      CREATE INDEX secrets_of_app ON secrets (app_id, id);

      CREATE TABLE grants (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), secret_id ${ID}, provider ${ID} NOT NULL,
        principal_type text NOT NULL, label text, status text NOT NULL, allow_retrieve boolean NOT NULL,
        created_at bigint NOT NULL, expires_at bigint, revoked_at bigint,
        account_id ${ID}, account_identifier text, account_name text, policy text, data text, principal_id ${ID}
      );
      CREATE INDEX grants_of_app ON grants (app_id, id);
      CREATE INDEX grants_of_principal ON grants (app_id, principal_type, coalesce(principal_id, ''), provider, id);
      CREATE INDEX grants_of_secret ON grants (secret_id) WHERE secret_id IS NOT NULL;
      CREATE UNIQUE INDEX grants_of_account
        ON grants (app_id, provider, account_id, principal_type, coalesce(principal_id, ''))
        WHERE account_id IS NOT NULL AND status <> 'deleted';

      CREATE TABLE oauth_credentials (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), provider ${ID} NOT NULL, flow text NOT NULL,
        version bigint NOT NULL, sealed_tokens bytea NOT NULL, asked_scopes text NOT NULL, granted_scopes text NOT NULL,
        variables text NOT NULL, token_expires_at bigint, refresh_expires_at bigint, refresh_due_at bigint,
        connected_at bigint NOT NULL, refreshed_at bigint, state text NOT NULL, problem text, failing_since bigint,
        failures bigint NOT NULL, lease_id text, lease_until bigint
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

      CREATE TABLE identity_providers (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), name text NOT NULL, preset text NOT NULL,
        issuer ${ID} NOT NULL, audiences text NOT NULL, authorized_parties text NOT NULL, algorithms text NOT NULL,
        jwks_url text NOT NULL, claims text NOT NULL, client_id text, status text NOT NULL, webhook_kind text,
        sealed_secrets bytea NOT NULL, scim_token_hash text, created_at bigint NOT NULL, updated_at bigint NOT NULL,
        UNIQUE (app_id, issuer)
      );

      CREATE TABLE users (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), idp_id ${ID} NOT NULL, subject ${ID} NOT NULL,
        email text, name text, status text NOT NULL, created_at bigint NOT NULL, last_seen_at bigint,
        -- status is the operator's word; an identity provider has one of its own, and the stricter counts.
        active_in_directory boolean NOT NULL, user_name text, user_name_key ${ID},
        -- Since when what is known of profile and groups is true: older tokens do not bring back what was taken away.
        said_at bigint NOT NULL, UNIQUE (app_id, idp_id, subject)
      );
      CREATE INDEX users_of_app ON users (app_id, id);
      CREATE UNIQUE INDEX users_by_name ON users (app_id, idp_id, user_name_key) WHERE user_name_key IS NOT NULL;

      CREATE TABLE user_groups (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), idp_id ${ID} NOT NULL,
        external_id ${ID} NOT NULL, name text NOT NULL, created_at bigint NOT NULL, UNIQUE (app_id, idp_id, external_id)
      );
      CREATE INDEX user_groups_of_app ON user_groups (app_id, id);

      CREATE TABLE memberships (
        app_id ${ID} NOT NULL, user_id ${ID} NOT NULL, group_id ${ID} NOT NULL, source text NOT NULL,
        PRIMARY KEY (app_id, user_id, group_id, source)
      );
      CREATE INDEX memberships_of_group ON memberships (app_id, group_id, user_id);

      CREATE TABLE idp_notices (
        app_id ${ID} NOT NULL, idp_id ${ID} NOT NULL, notice ${ID} NOT NULL, expires_at bigint NOT NULL,
        PRIMARY KEY (app_id, idp_id, notice)
      );
      CREATE INDEX idp_notices_by_end ON idp_notices (expires_at);

      CREATE TABLE vault_sessions (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), token_hash ${ID} NOT NULL UNIQUE,
        user_id ${ID} NOT NULL, agent_id ${ID}, scopes text NOT NULL, providers text, grants text, parent_id ${ID},
        created_at bigint NOT NULL, expires_at bigint NOT NULL, revoked_at bigint
      );
      CREATE INDEX vault_sessions_by_end ON vault_sessions (expires_at);

      CREATE TABLE agents (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), name text NOT NULL, display_name text,
        type text NOT NULL, status text NOT NULL, scopes text NOT NULL, metadata text NOT NULL, idempotency_key text,
        body_hash text, created_at bigint NOT NULL, updated_at bigint NOT NULL
      );
      CREATE INDEX agents_of_app ON agents (app_id, id);
      CREATE UNIQUE INDEX agents_by_name ON agents (app_id, name) WHERE status <> 'revoked';
      CREATE UNIQUE INDEX agents_by_idempotency_key ON agents (app_id, idempotency_key)
        WHERE idempotency_key IS NOT NULL;

      CREATE TABLE delegations (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), agent_id ${ID} NOT NULL,
        grant_id ${ID} NOT NULL, provider ${ID} NOT NULL, user_id ${ID} NOT NULL, created_at bigint NOT NULL,
        expires_at bigint, revoked_at bigint
      );
      CREATE UNIQUE INDEX delegations_of_agent ON delegations (app_id, agent_id, grant_id) WHERE revoked_at IS NULL;
      CREATE INDEX delegations_by_provider ON delegations (app_id, agent_id, provider, grant_id)
        WHERE revoked_at IS NULL;
      CREATE INDEX delegations_of_grant ON delegations (app_id, grant_id);
      CREATE INDEX delegations_of_user
        ON delegations (app_id, user_id, agent_id, provider, grant_id, expires_at, revoked_at);

      CREATE TABLE policy_versions (
        app_id ${ID} NOT NULL REFERENCES apps (id), version integer NOT NULL, document text NOT NULL, note text,
        created_by text NOT NULL, created_at bigint NOT NULL, PRIMARY KEY (app_id, version)
      );
      CREATE TABLE policy_heads (app_id ${ID} PRIMARY KEY REFERENCES apps (id), published integer, shadow integer);
      CREATE TABLE policy_drafts (
        app_id ${ID} PRIMARY KEY REFERENCES apps (id), document text NOT NULL, saved_by text NOT NULL,
        saved_at bigint NOT NULL
      );
      CREATE TABLE policy_stops (
        app_id ${ID} NOT NULL REFERENCES apps (id), kind ${ID} NOT NULL, value ${ID} NOT NULL, reason text,
        created_by text NOT NULL, created_at bigint NOT NULL, PRIMARY KEY (app_id, kind, value)
      );
      CREATE TABLE policy_takes (
        app_id ${ID} NOT NULL, rule_id ${ID} NOT NULL, key ${ID} NOT NULL, buckets text NOT NULL, ends_at bigint,
        PRIMARY KEY (app_id, rule_id, key)
      );
      CREATE INDEX policy_takes_by_end ON policy_takes (ends_at) WHERE ends_at IS NOT NULL;

      CREATE TABLE approvals (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL REFERENCES apps (id), request_hash ${ID} NOT NULL, status text NOT NULL,
        key_id ${ID} NOT NULL, agent_id ${ID}, user_id ${ID}, shown text NOT NULL, requirements text NOT NULL,
        entry_id ${ID} NOT NULL, created_at bigint NOT NULL, expires_at bigint NOT NULL, decided_at bigint,
        decision_reason text, executed_at bigint, problem text, told bigint NOT NULL
      );
      CREATE INDEX approvals_of_app ON approvals (app_id, id);
      CREATE INDEX approvals_of_request ON approvals (app_id, request_hash, id);
      CREATE INDEX approvals_to_do ON approvals (status, id) WHERE status IN ('approved', 'executing');
      CREATE TABLE approval_votes (
        approval_id ${ID} NOT NULL, approver ${ID} NOT NULL, decision text NOT NULL, reason text, rule_ids text NOT NULL,
        at bigint NOT NULL, PRIMARY KEY (approval_id, approver)
      );
      CREATE TABLE approval_links (
        token_hash ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, approval_id ${ID} NOT NULL, decides_as text,
        expires_at bigint NOT NULL
      );
      CREATE INDEX approval_links_of_approval ON approval_links (approval_id);
      CREATE TABLE approval_calls (id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, sealed bytea NOT NULL);
      CREATE TABLE approval_results (id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, sealed bytea NOT NULL);

      CREATE TABLE tool_calls (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, request_hash text NOT NULL, entry_id ${ID} NOT NULL,
        state text NOT NULL, claimed_at bigint NOT NULL, expires_at bigint NOT NULL
      );
      CREATE INDEX tool_calls_by_end ON tool_calls (expires_at);
      CREATE TABLE tool_call_answers (id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, sealed bytea NOT NULL);

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

      -- Tells other replicas to read anew what they keep in memory. Not for tokens, which change all the time.
      CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NOTIFY alter_vault_changes; RETURN NULL; END';
      CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON api_keys
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
      CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON secrets
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
      CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON grants
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
      CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON policy_heads
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
      CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON policy_stops
        FOR EACH STATEMENT EXECUTE FUNCTION tell_change();
    `,
  },
  {
    id: 2,
    name: "calls on their way",
    worksWith: 1,
    sql: `
      -- A place among the calls that a rule lets through at the same time. It counts as long as the process lives whose
      -- chain the holder is.
      CREATE TABLE policy_slots (
        app_id ${ID} NOT NULL, rule_id ${ID} NOT NULL, key ${ID} NOT NULL, call_id ${ID} NOT NULL, holder ${ID} NOT NULL,
        PRIMARY KEY (app_id, rule_id, key, call_id)
      );
      CREATE INDEX policy_slots_of_holder ON policy_slots (holder);
      -- Which process makes the approved call, by its chain.
      ALTER TABLE approvals ADD COLUMN holder ${ID};
    `,
  },
  {
    id: 3,
    name: "what processes know, and what they are called",
    worksWith: 1,
    sql: `
      -- The last step that the process knows which writes the chain. Those before this step say nothing, and know one.
      ALTER TABLE chains ADD COLUMN knows integer NOT NULL DEFAULT 1;
      -- What that process is called. A chain goes from one to the next; a name does not.
      ALTER TABLE chains ADD COLUMN process ${ID};
    `,
  },
  {
    id: 4,
    name: "keys of users",
    // What is sealed with a key of a user, an older program cannot open.
    worksWith: 4,
    sql: `
      CREATE TABLE user_keys (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, user_id ${ID} NOT NULL, sealed_key bytea NOT NULL,
        active boolean NOT NULL, created_at bigint NOT NULL
      );
      CREATE UNIQUE INDEX user_keys_active ON user_keys (app_id, user_id) WHERE active;
      CREATE INDEX user_keys_of_user ON user_keys (app_id, user_id);

      -- Whose the sealed value is; null: the app's.
      ALTER TABLE oauth_credentials ADD COLUMN user_id ${ID};
      UPDATE oauth_credentials SET user_id = grants.principal_id FROM grants
        WHERE grants.id = oauth_credentials.id AND grants.principal_type = 'user';
      ALTER TABLE approvals ADD COLUMN owner_id ${ID};
      UPDATE approvals SET owner_id = user_id;
      CREATE INDEX approvals_of_owner ON approvals (app_id, owner_id) WHERE owner_id IS NOT NULL;
      ALTER TABLE tool_calls ADD COLUMN user_id ${ID};
      CREATE INDEX tool_calls_of_user ON tool_calls (app_id, user_id) WHERE user_id IS NOT NULL;
      CREATE INDEX vault_sessions_of_user ON vault_sessions (app_id, user_id);
    `,
  },
  {
    id: 5,
    name: "an end to keeping the log",
    worksWith: 4,
    sql: `
      -- The newest row counts.
      CREATE TABLE log_retention (set_at bigint PRIMARY KEY, days integer NOT NULL, set_by text NOT NULL);
      CREATE TABLE log_holds (
        id ${ID} PRIMARY KEY, app_id ${ID} NOT NULL, user_id ${ID}, since bigint, until bigint, reason text NOT NULL,
        created_by text NOT NULL, created_at bigint NOT NULL, released_by text, released_at bigint
      );
      -- The last row of each chain that was removed: what is left begins after it.
      CREATE TABLE log_starts (
        writer ${ID} PRIMARY KEY, seq bigint NOT NULL, hash bytea NOT NULL, before bigint NOT NULL, at bigint NOT NULL,
        signature bytea NOT NULL
      );
    `,
  },
];
