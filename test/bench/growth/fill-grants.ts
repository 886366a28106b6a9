import { createLogger, systemSurroundings } from "@alter-vault/server";
import { UPSTREAM_TOKEN } from "../systems/system.ts";
import type { OpenDataDir } from "./data-dir.ts";
import { FIRST_GRANT_AT_MS, GRANT_EVERY_MS, grantIdAt } from "./grant-id.ts";
import { inBatches } from "./in-batches.ts";

/** Grants, each with a secret of its own, sealed as the vault seals them. All of them are for the upstream. */
export async function fillGrants({ db, appId, seal }: OpenDataDir, count: number, upstreamPort: number): Promise<void> {
  const { newId } = systemSurroundings(createLogger("silent"));
  const insertSecret = db.prepare("INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const insertGrant = db.prepare(
    `INSERT INTO grants (id, app_id, secret_id, provider, principal_type, label, status, allow_retrieve, created_at,
       expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const injection = JSON.stringify({ kind: "bearer" });
  const hosts = JSON.stringify([`127.0.0.1:${upstreamPort}`]);
  await inBatches(db, "grants", count, async (index) => {
    const at = FIRST_GRANT_AT_MS + index * GRANT_EVERY_MS;
    const secretId = newId();
    const provider = `bench-${index % 200}`;
    const sealed = await seal(secretId, { kind: "bearer", token: UPSTREAM_TOKEN });
    insertSecret.run(secretId, appId, `bench secret ${index}`, provider, injection, hosts, sealed, 1, at, at);
    insertGrant.run(
      grantIdAt(index),
      appId,
      secretId,
      provider,
      "system",
      `account ${index}`,
      "active",
      1,
      at,
      null,
      null,
    );
  });
}
