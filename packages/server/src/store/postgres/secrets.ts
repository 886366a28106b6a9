import type { SecretStore } from "../store.ts";
import { secretFromRow, secretValues, type SecretRow } from "../rows/secret-row.ts";
import type { Database } from "./database.ts";
import { codeOf, UNIQUE } from "./failure.ts";
import { insertGrant } from "./grant-row.ts";
import { listPage } from "./list-page.ts";

export function secretStore(db: Database): SecretStore {
  return {
    insertSecret(secret, grant) {
      return db.transaction(async (queries) => {
        const written = await queries.run(
          `INSERT INTO secrets VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
           ON CONFLICT (app_id, name) DO NOTHING`,
          ...secretValues(secret),
        );
        if (written === 0) return false;
        await insertGrant(queries, grant);
        return true;
      });
    },
    async findSecret(appId, id) {
      const row = await db.get<SecretRow>("SELECT * FROM secrets WHERE app_id = $1 AND id = $2", appId, id);
      return row ? secretFromRow(row) : null;
    },
    async listSecrets(appId, page) {
      const query = { select: "SELECT * FROM secrets s", table: "secrets", alias: "s", where: "s.app_id = $1" };
      const { rows, ...rest } = await listPage<SecretRow>(db, { ...query, values: [appId] }, page);
      return { records: rows.map(secretFromRow), ...rest };
    },
    async updateSecret(appId, id, { name, allowedHosts, value, at }) {
      try {
        const row = await db.get<SecretRow>(
          `UPDATE secrets SET name = coalesce($1, name), allowed_hosts = coalesce($2, allowed_hosts),
             sealed_value = coalesce($3, sealed_value), injection = coalesce($4, injection),
             version = version + $5::bigint, updated_at = $6
           WHERE app_id = $7 AND id = $8 RETURNING *`,
          name ?? null,
          allowedHosts ? JSON.stringify(allowedHosts) : null,
          value?.sealed ?? null,
          value?.injection ? JSON.stringify(value.injection) : null,
          value ? 1 : 0,
          at,
          appId,
          id,
        );
        return row ? secretFromRow(row) : null;
      } catch (error) {
        if (codeOf(error) === UNIQUE) return "taken";
        throw error;
      }
    },
    async deleteSecret(appId, id, at) {
      const row = await db.get<SecretRow>(
        `WITH ended AS (
           UPDATE grants SET status = 'deleted', revoked_at = coalesce(revoked_at, $3)
           WHERE app_id = $1 AND secret_id = $2
         )
         DELETE FROM secrets WHERE app_id = $1 AND id = $2 RETURNING *`,
        appId,
        id,
        at,
      );
      return row ? secretFromRow(row) : null;
    },
  };
}
