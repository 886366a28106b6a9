import { setTimeout } from "node:timers/promises";
import type { PolicyHead, PolicyStore, PolicyVersionRecord, StopRecord } from "../policy-records.ts";
import type { Database, Queries } from "./database.ts";
import { createFreshRecords, KEPT_MS, type Freshness } from "./fresh-records.ts";

const VERSION = `app_id AS "appId", version, document, note, created_by AS "createdBy", created_at AS "createdAt"`;

/**
 * What counts now is asked for by every call, so it is kept for less than a second, as records are. A change is
 * acknowledged when that time is over: from then on no replica decides by what was before. Who changes the policy of an
 * app takes the app's turn.
 */
export function policyStore(db: Database, freshness: Freshness | null): PolicyStore {
  const findHead = async (appId: string): Promise<PolicyHead> => {
    const rows = await db.all<
      { published: number | null; shadow: number | null } & { [field in keyof StopRecord]: StopRecord[field] | null }
    >(
      `SELECT heads.published, heads.shadow, stops.kind, stops.value, stops.reason, stops.created_by AS "createdBy",
         stops.created_at AS "createdAt"
       FROM (SELECT $1::text AS app_id) AS app
       LEFT JOIN policy_heads AS heads ON heads.app_id = app.app_id AND heads.app_id = $1
       LEFT JOIN policy_stops AS stops ON stops.app_id = app.app_id AND stops.app_id = $1
       ORDER BY stops.kind, stops.value`,
      appId,
    );
    const [first] = rows;
    const stops = rows.flatMap(({ kind, value, reason, createdBy, createdAt }): StopRecord[] =>
      kind === null || value === null
        ? []
        : [{ kind, value, reason, createdBy: createdBy ?? "", createdAt: createdAt ?? 0 }],
    );
    return { published: first?.published ?? null, shadow: first?.shadow ?? null, stops };
  };
  const freshHead = freshness && createFreshRecords(freshness, findHead);
  const findVersion = async (queries: Queries, appId: string, version: number): Promise<PolicyVersionRecord | null> =>
    (await queries.get<PolicyVersionRecord>(
      `SELECT ${VERSION} FROM policy_versions WHERE app_id = $1 AND version = $2`,
      appId,
      version,
    )) ?? null;
  const publishedOf = async (queries: Queries, appId: string): Promise<number | null> =>
    (await queries.get<{ published: number | null }>("SELECT published FROM policy_heads WHERE app_id = $1", appId))
      ?.published ?? null;
  /** Whatever was kept before a change runs out while this waits, in every replica. */
  const everywhere = async <T>(changed: Promise<T>): Promise<T> => {
    const result = await changed;
    if (freshness) await setTimeout(KEPT_MS);
    return result;
  };
  const takeTurn = (queries: Queries, appId: string): Promise<number> =>
    queries.run("SELECT pg_advisory_xact_lock(hashtext('policy'), hashtext($1))", appId);

  return {
    async policyHead(appId) {
      return (await freshHead?.(appId)) ?? findHead(appId);
    },
    findPolicyVersion: (appId, version) => findVersion(db, appId, version),
    listPolicyVersions: (appId, before, limit) =>
      db.all<PolicyVersionRecord>(
        `SELECT ${VERSION} FROM policy_versions WHERE app_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3`,
        appId,
        before ?? 2_147_483_647,
        limit,
      ),
    changePolicy: (appId, { make, as, expected, by, at }) =>
      everywhere(
        db.transaction(async (queries) => {
          await takeTurn(queries, appId);
          if (expected !== undefined && (await publishedOf(queries, appId)) !== expected) return "moved";
          const version = "version" in make ? make.version : await nextVersion(queries, appId);
          if (!("version" in make)) {
            await queries.run(
              "INSERT INTO policy_versions VALUES ($1, $2, $3, $4, $5, $6)",
              appId,
              version,
              make.document,
              make.note,
              by,
              at,
            );
          }
          const record = await findVersion(queries, appId, version);
          if (!record) return null;
          await queries.run(
            `INSERT INTO policy_heads (app_id, ${as}) VALUES ($1, $2)
           ON CONFLICT (app_id) DO UPDATE SET ${as} = excluded.${as}`,
            appId,
            version,
          );
          // What counts needs no shadow.
          if (as === "published") {
            await queries.run(
              "UPDATE policy_heads SET shadow = NULL WHERE app_id = $1 AND shadow = $2",
              appId,
              version,
            );
          }
          return record;
        }),
      ),
    async endShadow(appId) {
      await db.run("UPDATE policy_heads SET shadow = NULL WHERE app_id = $1", appId);
    },
    async findPolicyDraft(appId) {
      return (
        (await db.get<{ document: string; savedBy: string; savedAt: number }>(
          `SELECT document, saved_by AS "savedBy", saved_at AS "savedAt" FROM policy_drafts WHERE app_id = $1`,
          appId,
        )) ?? null
      );
    },
    async putPolicyDraft(appId, draft) {
      if (!draft) {
        await db.run("DELETE FROM policy_drafts WHERE app_id = $1", appId);
        return;
      }
      await db.run(
        `INSERT INTO policy_drafts VALUES ($1, $2, $3, $4)
         ON CONFLICT (app_id) DO UPDATE SET document = excluded.document, saved_by = excluded.saved_by,
           saved_at = excluded.saved_at`,
        appId,
        draft.document,
        draft.savedBy,
        draft.savedAt,
      );
    },
    async putStop(appId, stop) {
      const { kind, value, reason, createdBy, createdAt } = stop;
      await everywhere(
        db.run(
          "INSERT INTO policy_stops VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
          appId,
          kind,
          value,
          reason,
          createdBy,
          createdAt,
        ),
      );
      const kept = await db.get<StopRecord>(
        `SELECT kind, value, reason, created_by AS "createdBy", created_at AS "createdAt" FROM policy_stops
         WHERE app_id = $1 AND kind = $2 AND value = $3`,
        appId,
        kind,
        value,
      );
      return kept ?? stop;
    },
    async liftStop(appId, kind, value) {
      const sql = "DELETE FROM policy_stops WHERE app_id = $1 AND kind = $2 AND value = $3";
      return (await db.run(sql, appId, kind, value)) > 0;
    },
  };
}

async function nextVersion(queries: Queries, appId: string): Promise<number> {
  const sql = "SELECT max(version) AS newest FROM policy_versions WHERE app_id = $1";
  return ((await queries.get<{ newest: number | null }>(sql, appId))?.newest ?? 0) + 1;
}
