import type { SecretRecord, SecretStore } from "../store.ts";
import { secretFromRow, secretValues, type SecretRow } from "../rows/secret-row.ts";
import type { Database } from "./database.ts";
import { insertGrant } from "./grants.ts";
import { listPage } from "./list-page.ts";

export function secretStore(db: Database): SecretStore {
  const find = (appId: string, id: string): SecretRecord | null => {
    const row = db.get<SecretRow>("SELECT * FROM secrets WHERE app_id = ? AND id = ?", appId, id);
    return row ? secretFromRow(row) : null;
  };
  const nameTaken = (appId: string, name: string): boolean =>
    db.get("SELECT 1 FROM secrets WHERE app_id = ? AND name = ?", appId, name) !== undefined;

  return {
    async insertSecret(secret, grant) {
      return db.transaction(() => {
        if (nameTaken(secret.appId, secret.name)) return false;
        db.run("INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ...secretValues(secret));
        insertGrant(db, grant);
        return true;
      });
    },
    findSecret: async (appId, id) => find(appId, id),
    async listSecrets(appId, page) {
      const { rows, ...rest } = listPage<SecretRow>(db, "secrets", "app_id = ?", [appId], page);
      return { records: rows.map(secretFromRow), ...rest };
    },
    async updateSecret(appId, id, { name, allowedHosts, value, at }) {
      return db.transaction(() => {
        const now = find(appId, id);
        if (!now) return null;
        if (name !== undefined && name !== now.name && nameTaken(appId, name)) return "taken";
        db.run(
          `UPDATE secrets SET name = ?, allowed_hosts = ?, sealed_value = ?, injection = ?, version = ?, updated_at = ?
           WHERE app_id = ? AND id = ?`,
          name ?? now.name,
          JSON.stringify(allowedHosts ?? now.allowedHosts),
          value?.sealed ?? now.sealedValue,
          JSON.stringify(value?.injection ?? now.injection),
          value ? now.version + 1 : now.version,
          at,
          appId,
          id,
        );
        return find(appId, id);
      });
    },
    async deleteSecret(appId, id, at) {
      return db.transaction(() => {
        const secret = find(appId, id);
        if (!secret) return null;
        db.run("DELETE FROM secrets WHERE app_id = ? AND id = ?", appId, id);
        db.run(
          "UPDATE grants SET status = 'deleted', revoked_at = coalesce(revoked_at, ?) WHERE app_id = ? AND secret_id = ?",
          at,
          appId,
          id,
        );
        return secret;
      });
    },
  };
}
