import { hash } from "node:crypto";
import { createLogger, systemSurroundings } from "@alter-vault/server";
import type { OpenDataDir } from "../growth/data-dir.ts";
import { inBatches } from "../growth/in-batches.ts";
import { UPSTREAM_TOKEN } from "../systems/system.ts";

/** Who there is to be asked for: everything can be told from the number of a user. */
export interface Filled {
  readonly users: number;
  readonly providers: number;
  /** Of this user, for this provider. */
  grantId(user: number, provider: number): string;
}

export const PROVIDERS = 5;

export const providerAt = (index: number): string => `bench-${index}`;
/** A vault session that stands in for the token of this user. */
export const sessionTokenAt = (user: number): string => `alter_sess_bench-${user}`;

/** Users of one issuer, a grant of each for each provider, and each grant lent to every agent. */
export async function fillIdentity(
  { db, appId, seal }: OpenDataDir,
  users: number,
  agentIds: readonly string[],
  upstreamPort: number,
): Promise<Filled> {
  const { newId } = systemSurroundings(createLogger("silent"));
  const now = Date.now();
  const insert = (table: string, columns: readonly string[]) =>
    db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`);
  const idpId = newId();
  insert("identity_providers", [
    "id",
    "app_id",
    "name",
    "preset",
    "issuer",
    "audiences",
    "authorized_parties",
    "algorithms",
    "jwks_url",
    "claims",
    "status",
    "sealed_secrets",
    "created_at",
    "updated_at",
  ]).run(
    idpId,
    appId,
    "bench",
    "oidc",
    "https://issuer.example",
    '["bench"]',
    "[]",
    '["RS256"]',
    "https://issuer.example/jwks",
    '{"user_id":"sub","email":"email","name":"name","groups":null}',
    "active",
    await seal(idpId, { kind: "bearer", token: "fake" }),
    now,
    now,
  );
  const secrets = await Promise.all(
    Array.from({ length: PROVIDERS }, async (_, index) => {
      const id = newId();
      insert("secrets", [
        "id",
        "app_id",
        "name",
        "provider",
        "injection",
        "allowed_hosts",
        "sealed_value",
        "version",
        "created_at",
        "updated_at",
      ]).run(
        id,
        appId,
        `bench secret ${index}`,
        providerAt(index),
        '{"kind":"bearer"}',
        JSON.stringify([`127.0.0.1:${upstreamPort}`]),
        await seal(id, { kind: "bearer", token: UPSTREAM_TOKEN }),
        1,
        now,
        now,
      );
      return id;
    }),
  );
  const user = insert("users", ["id", "app_id", "idp_id", "subject", "email", "status", "created_at"]);
  const session = insert("vault_sessions", [
    "id",
    "app_id",
    "token_hash",
    "user_id",
    "scopes",
    "created_at",
    "expires_at",
  ]);
  const grant = insert("grants", [
    "id",
    "app_id",
    "secret_id",
    "provider",
    "principal_type",
    "label",
    "status",
    "allow_retrieve",
    "created_at",
    "principal_id",
  ]);
  const delegation = insert("delegations", [
    "id",
    "app_id",
    "agent_id",
    "grant_id",
    "provider",
    "user_id",
    "created_at",
  ]);
  const grantIds: string[] = [];
  await inBatches(db, "users", users, (index) => {
    const userId = newId();
    user.run(userId, appId, idpId, `user-${index}`, `user-${index}@example.com`, "active", now);
    const token = hash("sha256", sessionTokenAt(index), "base64url");
    session.run(newId(), appId, token, userId, '["proxy:execute"]', now, now + 86_400_000);
    for (let provider = 0; provider < PROVIDERS; provider++) {
      const id = newId();
      grantIds.push(id);
      grant.run(
        id,
        appId,
        secrets[provider] ?? "",
        providerAt(provider),
        "user",
        `of user ${index}`,
        "active",
        0,
        now,
        userId,
      );
      for (const agentId of agentIds) delegation.run(newId(), appId, agentId, id, providerAt(provider), userId, now);
    }
  });
  db.exec("ANALYZE");
  return { users, providers: PROVIDERS, grantId: (index, provider) => grantIds[index * PROVIDERS + provider] ?? "" };
}
