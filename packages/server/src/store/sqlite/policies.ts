import type { PolicyHead, PolicyStore, PolicyVersionRecord, StopRecord } from "../policy-records.ts";
import type { Database } from "./database.ts";
import { createHotRecords } from "./hot-records.ts";

const VERSION = `app_id AS appId, version, document, note, created_by AS createdBy, created_at AS createdAt`;

export function policyStore(db: Database): PolicyStore {
  const findVersion = (appId: string, version: number): PolicyVersionRecord | null =>
    db.get<PolicyVersionRecord>(
      `SELECT ${VERSION} FROM policy_versions WHERE app_id = ? AND version = ?`,
      appId,
      version,
    ) ?? null;
  const readHead = (appId: string): PolicyHead => {
    const row = db.get<Pick<PolicyHead, "published" | "shadow">>(
      "SELECT published, shadow FROM policy_heads WHERE app_id = ?",
      appId,
    );
    const stops = db.all<StopRecord>(
      `SELECT kind, value, reason, created_by AS createdBy, created_at AS createdAt FROM policy_stops
       WHERE app_id = ? ORDER BY kind, value`,
      appId,
    );
    return { published: row?.published ?? null, shadow: row?.shadow ?? null, stops };
  };
  const heads = createHotRecords(db, readHead);
  const nextVersion = (appId: string): number =>
    (db.get<{ newest: number | null }>("SELECT max(version) AS newest FROM policy_versions WHERE app_id = ?", appId)
      ?.newest ?? 0) + 1;

  return {
    policyHead: (appId) => heads.find(appId) ?? readHead(appId),
    findPolicyVersion: async (appId, version) => findVersion(appId, version),
    async listPolicyVersions(appId, before, limit) {
      return db.all<PolicyVersionRecord>(
        `SELECT ${VERSION} FROM policy_versions WHERE app_id = ? AND version < ? ORDER BY version DESC LIMIT ?`,
        appId,
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      );
    },
    async changePolicy(appId, { make, as, expected, by, at }) {
      return db.transaction(() => {
        if (expected !== undefined && readHead(appId).published !== expected) return "moved";
        const version = "version" in make ? make.version : nextVersion(appId);
        if (!("version" in make)) {
          db.run(
            "INSERT INTO policy_versions VALUES (?, ?, ?, ?, ?, ?)",
            appId,
            version,
            make.document,
            make.note,
            by,
            at,
          );
        }
        const record = findVersion(appId, version);
        if (!record) return null;
        db.run(
          `INSERT INTO policy_heads (app_id, ${as}) VALUES (?, ?)
           ON CONFLICT (app_id) DO UPDATE SET ${as} = excluded.${as}`,
          appId,
          version,
        );
        // What counts needs no shadow.
        if (as === "published")
          db.run("UPDATE policy_heads SET shadow = NULL WHERE app_id = ? AND shadow = ?", appId, version);
        return record;
      });
    },
    async endShadow(appId) {
      db.run("UPDATE policy_heads SET shadow = NULL WHERE app_id = ?", appId);
    },
    async findPolicyDraft(appId) {
      return (
        db.get<{ document: string; savedBy: string; savedAt: number }>(
          `SELECT document, saved_by AS savedBy, saved_at AS savedAt FROM policy_drafts WHERE app_id = ?`,
          appId,
        ) ?? null
      );
    },
    async putPolicyDraft(appId, draft) {
      db.run("DELETE FROM policy_drafts WHERE app_id = ?", appId);
      if (draft)
        db.run("INSERT INTO policy_drafts VALUES (?, ?, ?, ?)", appId, draft.document, draft.savedBy, draft.savedAt);
    },
    async putStop(appId, stop) {
      const { kind, value, reason, createdBy, createdAt } = stop;
      db.run(
        "INSERT INTO policy_stops VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        appId,
        kind,
        value,
        reason,
        createdBy,
        createdAt,
      );
      return readHead(appId).stops.find((one) => one.kind === kind && one.value === value) ?? stop;
    },
    async liftStop(appId, kind, value) {
      return db.run("DELETE FROM policy_stops WHERE app_id = ? AND kind = ? AND value = ?", appId, kind, value) > 0;
    },
  };
}
