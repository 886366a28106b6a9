import type { DataKeyRecord, DataKeyStore } from "../store.ts";
import type { Database } from "./database.ts";

interface Row {
  id: string;
  app_id: string;
  master_key_id: string;
  wrapped: Uint8Array;
  active: boolean;
  created_at: number;
}

const fromRow = (row: Row): DataKeyRecord => ({
  id: row.id,
  appId: row.app_id,
  masterKeyId: row.master_key_id,
  wrapped: row.wrapped,
  active: row.active,
  createdAt: row.created_at,
});

export function dataKeyStore(db: Database): DataKeyStore {
  return {
    async listDataKeys(createdSince = 0) {
      return (await db.all<Row>("SELECT * FROM data_keys WHERE created_at >= $1 ORDER BY id", createdSince)).map(
        fromRow,
      );
    },
    insertDataKey: (key) =>
      db.transaction(async (queries) => {
        // Two replicas may make an app's key at the same moment: one of the two is active afterwards.
        await queries.run("SELECT pg_advisory_xact_lock(hashtext('data key'), hashtext($1))", key.appId);
        if (key.active)
          await queries.run("UPDATE data_keys SET active = false WHERE app_id = $1 AND active", key.appId);
        await queries.run(
          "INSERT INTO data_keys (id, app_id, master_key_id, wrapped, active, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
          key.id,
          key.appId,
          key.masterKeyId,
          key.wrapped,
          key.active,
          key.createdAt,
        );
      }),
    async deleteDataKey(id) {
      return (await db.run("DELETE FROM data_keys WHERE id = $1 AND NOT active", id)) === 1;
    },
    onSealed: (learn) => db.onSealed(learn),
    async rewrapDataKey(id, masterKeyId, wrapped) {
      await db.run("UPDATE data_keys SET master_key_id = $1, wrapped = $2 WHERE id = $3", masterKeyId, wrapped, id);
    },
  };
}
