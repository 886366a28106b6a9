import type { IdpRecord, IdpStore } from "../identity-records.ts";
import { idpFromRow, type IdpRow } from "../rows/idp-row.ts";
import type { Database } from "./database.ts";

export function idpStore(db: Database): IdpStore {
  const one = async (sql: string, ...values: unknown[]): Promise<IdpRecord | null> => {
    const row = await db.get<IdpRow>(sql, ...values);
    return row ? idpFromRow(row) : null;
  };

  return {
    async insertIdp(idp) {
      const inserted = await db.run(
        `INSERT INTO identity_providers
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
        idp.id,
        idp.appId,
        idp.name,
        idp.preset,
        idp.issuer,
        JSON.stringify(idp.audiences),
        JSON.stringify(idp.authorizedParties),
        JSON.stringify(idp.algorithms),
        idp.jwksUrl,
        JSON.stringify(idp.claims),
        idp.clientId,
        idp.status,
        idp.webhookKind,
        idp.sealedSecrets,
        idp.scimTokenHash,
        idp.createdAt,
        idp.updatedAt,
      );
      return inserted === 1;
    },
    findIdp: (appId, id) => one("SELECT * FROM identity_providers WHERE id = $1 AND app_id = $2", id, appId),
    findIdpById: (id) => one("SELECT * FROM identity_providers WHERE id = $1", id),
    findIdpByIssuer: (appId, issuer) =>
      one("SELECT * FROM identity_providers WHERE app_id = $1 AND issuer = $2", appId, issuer),
    async listIdps(appId) {
      return (await db.all<IdpRow>("SELECT * FROM identity_providers WHERE app_id = $1 ORDER BY id", appId)).map(
        idpFromRow,
      );
    },
    updateIdp: (idp, before) =>
      one(
        `UPDATE identity_providers SET name = $1, preset = $2, audiences = $3, authorized_parties = $4, algorithms = $5,
           jwks_url = $6, claims = $7, client_id = $8, status = $9, webhook_kind = $10, sealed_secrets = $11,
           scim_token_hash = $12, updated_at = $13 WHERE id = $14 AND app_id = $15 AND updated_at = $16
         RETURNING *`,
        idp.name,
        idp.preset,
        JSON.stringify(idp.audiences),
        JSON.stringify(idp.authorizedParties),
        JSON.stringify(idp.algorithms),
        idp.jwksUrl,
        JSON.stringify(idp.claims),
        idp.clientId,
        idp.status,
        idp.webhookKind,
        idp.sealedSecrets,
        idp.scimTokenHash,
        idp.updatedAt,
        idp.id,
        idp.appId,
        before,
      ),
    deleteIdp: (appId, id) =>
      db.transaction(async (queries) => {
        const sql = "DELETE FROM identity_providers WHERE id = $1 AND app_id = $2 RETURNING *";
        const row = await queries.get<IdpRow>(sql, id, appId);
        if (!row) return null;
        const gone = await queries.all<{ id: string }>(
          "DELETE FROM user_groups WHERE app_id = $1 AND idp_id = $2 RETURNING id",
          appId,
          id,
        );
        await queries.run(
          "DELETE FROM memberships WHERE app_id = $1 AND group_id = ANY($2::text[])",
          appId,
          gone.map((group) => group.id),
        );
        await queries.run("DELETE FROM idp_notices WHERE app_id = $1 AND idp_id = $2", appId, id);
        return idpFromRow(row);
      }),
    async hasNotice(appId, idpId, notice) {
      const sql = "SELECT 1 FROM idp_notices WHERE app_id = $1 AND idp_id = $2 AND notice = $3";
      return (await db.get(sql, appId, idpId, notice)) !== undefined;
    },
    async putNotice(appId, idpId, notice, expiresAt) {
      const sql = "INSERT INTO idp_notices VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
      await db.run(sql, appId, idpId, notice, expiresAt);
    },
    forgetNotices: (expiredBefore, limit) =>
      db.run(
        `DELETE FROM idp_notices WHERE (app_id, idp_id, notice) IN (
           SELECT app_id, idp_id, notice FROM idp_notices WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED
         )`,
        expiredBefore,
        limit,
      ),
    async hasUsers(appId, idpId) {
      return (
        (await db.get("SELECT 1 FROM users WHERE app_id = $1 AND idp_id = $2 LIMIT 1", appId, idpId)) !== undefined
      );
    },
  };
}
