import type { IdpRecord, IdpStore } from "../identity-records.ts";
import { idpFromRow, type IdpRow } from "../rows/idp-row.ts";
import type { Database } from "./database.ts";

export function idpStore(db: Database): IdpStore {
  const find = (appId: string, id: string): IdpRecord | null => {
    const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE id = ? AND app_id = ?", id, appId);
    return row ? idpFromRow(row) : null;
  };
  return {
    async insertIdp(idp) {
      const inserted = db.run(
        "INSERT INTO identity_providers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
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
    findIdp: async (appId, id) => find(appId, id),
    async findIdpById(id) {
      const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE id = ?", id);
      return row ? idpFromRow(row) : null;
    },
    async findIdpByIssuer(appId, issuer) {
      const row = db.get<IdpRow>("SELECT * FROM identity_providers WHERE app_id = ? AND issuer = ?", appId, issuer);
      return row ? idpFromRow(row) : null;
    },
    async listIdps(appId) {
      return db.all<IdpRow>("SELECT * FROM identity_providers WHERE app_id = ? ORDER BY id", appId).map(idpFromRow);
    },
    async updateIdp(idp, before) {
      const changed = db.run(
        `UPDATE identity_providers SET name = ?, preset = ?, audiences = ?, authorized_parties = ?, algorithms = ?,
           jwks_url = ?, claims = ?, client_id = ?, status = ?, webhook_kind = ?, sealed_secrets = ?,
           scim_token_hash = ?, updated_at = ? WHERE id = ? AND app_id = ? AND updated_at = ?`,
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
      );
      return changed === 1 ? find(idp.appId, idp.id) : null;
    },
    async deleteIdp(appId, id) {
      return db.transaction(() => {
        const idp = find(appId, id);
        if (!idp) return null;
        db.run(
          `DELETE FROM memberships WHERE app_id = ? AND group_id IN
             (SELECT id FROM user_groups WHERE app_id = ? AND idp_id = ?)`,
          appId,
          appId,
          id,
        );
        db.run("DELETE FROM user_groups WHERE app_id = ? AND idp_id = ?", appId, id);
        db.run("DELETE FROM idp_notices WHERE app_id = ? AND idp_id = ?", appId, id);
        db.run("DELETE FROM identity_providers WHERE id = ? AND app_id = ?", id, appId);
        return idp;
      });
    },
    async hasNotice(appId, idpId, notice) {
      const sql = "SELECT 1 FROM idp_notices WHERE app_id = ? AND idp_id = ? AND notice = ?";
      return db.get(sql, appId, idpId, notice) !== undefined;
    },
    async putNotice(appId, idpId, notice, expiresAt) {
      const sql = "INSERT INTO idp_notices VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
      db.run(sql, appId, idpId, notice, expiresAt);
    },
    async forgetNotices(expiredBefore, limit) {
      return db.run(
        `DELETE FROM idp_notices WHERE (app_id, idp_id, notice) IN
           (SELECT app_id, idp_id, notice FROM idp_notices WHERE expires_at < ? LIMIT ?)`,
        expiredBefore,
        limit,
      );
    },
    async hasUsers(appId, idpId) {
      return db.get("SELECT 1 FROM users WHERE app_id = ? AND idp_id = ? LIMIT 1", appId, idpId) !== undefined;
    },
  };
}
