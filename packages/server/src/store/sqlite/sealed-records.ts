import { sealedWith, type SealContext } from "../../crypto/envelope.ts";
import type { SealedRecordStore } from "../store.ts";
import type { Database } from "./database.ts";

/** Where sealed columns are: the kind is the first part of `SealContext.record` and of the cursor. */
const PLACES = [
  { kind: "api_key", table: "api_keys", column: "sealed_signing_key", field: "signing_key" },
  { kind: "secret", table: "secrets", column: "sealed_value", field: "value" },
  { kind: "oauth_credential", table: "oauth_credentials", column: "sealed_tokens", field: "tokens" },
  { kind: "provider_config", table: "provider_configs", column: "sealed_client", field: "client" },
  { kind: "identity_provider", table: "identity_providers", column: "sealed_secrets", field: "secrets" },
  { kind: "connect_attempt", table: "connect_attempts", column: "sealed_secrets", field: "secrets" },
  { kind: "approval_call", table: "approval_calls", column: "sealed", field: "call" },
  { kind: "approval_result", table: "approval_results", column: "sealed", field: "result" },
  { kind: "tool_call", table: "tool_call_answers", column: "sealed", field: "answer" },
] as const;

interface Row {
  id: string;
  app_id: string;
  sealed: Uint8Array;
}

export function sealedRecordStore(db: Database): SealedRecordStore {
  return {
    async sealedRecords(after, limit) {
      const [kind = PLACES[0].kind, lastId = ""] = after === "" ? [] : after.split(":");
      const index = PLACES.findIndex((place) => place.kind === kind);
      const place = PLACES[index];
      if (!place) return { records: [], next: null };
      const rows = db.all<Row>(
        `SELECT id, app_id, ${place.column} AS sealed FROM ${place.table} WHERE id > ? ORDER BY id LIMIT ?`,
        lastId,
        limit,
      );
      const records = rows.map((row) => ({
        context: { appId: row.app_id, record: `${place.kind}:${row.id}`, field: place.field },
        sealed: row.sealed,
      }));
      const last = rows.at(-1);
      const following = PLACES[index + 1];
      if (last && rows.length === limit) return { records, next: `${place.kind}:${last.id}` };
      return { records, next: following ? `${following.kind}:` : null };
    },
    async replaceSealed(changes) {
      return db.transaction(() => {
        let replaced = 0;
        for (const { context, before, after } of changes) {
          const { place, id } = placeOf(context);
          replaced += db.run(
            `UPDATE ${place.table} SET ${place.column} = ? WHERE id = ? AND app_id = ? AND ${place.column} = ?`,
            after,
            id,
            context.appId,
            before,
          );
        }
        return replaced;
      });
    },
    async countSealed() {
      const byKey = new Map<string, number>();
      let total = 0;
      for (const { table, column } of PLACES) {
        const rows = db.all<{ head: Uint8Array; n: number }>(
          `SELECT substr(${column}, 1, 17) AS head, count(*) AS n FROM ${table} GROUP BY 1`,
        );
        for (const { head, n } of rows) {
          const id = sealedWith(head);
          byKey.set(id, (byKey.get(id) ?? 0) + n);
          total += n;
        }
      }
      return { total, byKey };
    },
  };
}

function placeOf(context: SealContext): { place: (typeof PLACES)[number]; id: string } {
  const [kind, id = ""] = context.record.split(":");
  const place = PLACES.find((candidate) => candidate.kind === kind && candidate.field === context.field);
  if (!place) throw new Error(`nothing is sealed at ${context.record}`);
  return { place, id };
}
