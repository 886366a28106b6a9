import type { DataKeyRecord, DataKeyStore } from "../store.ts";
import type { Database } from "./database.ts";

interface Row {
  id: string;
  app_id: string;
  master_key_id: string;
  wrapped: Uint8Array;
  active: number;
  created_at: number;
}

const fromRow = (row: Row): DataKeyRecord => ({
  id: row.id,
  appId: row.app_id,
  masterKeyId: row.master_key_id,
  wrapped: row.wrapped,
  active: row.active === 1,
  createdAt: row.created_at,
});

export function dataKeyStore(db: Database): DataKeyStore {
  return {
    async listDataKeys(createdSince = 0) {
      return db.all<Row>("SELECT * FROM data_keys WHERE created_at >= ? ORDER BY id", createdSince).map(fromRow);
    },
    async insertDataKey(key) {
      db.transaction(() => {
        if (key.active) db.run("UPDATE data_keys SET active = 0 WHERE app_id = ? AND active = 1", key.appId);
        db.run(
          "INSERT INTO data_keys VALUES (?, ?, ?, ?, ?, ?)",
          key.id,
          key.appId,
          key.masterKeyId,
          key.wrapped,
          key.active ? 1 : 0,
          key.createdAt,
        );
      });
    },
    async deleteDataKey(id) {
      const deleted = db.run("DELETE FROM data_keys WHERE id = ? AND active = 0", id) === 1;
      db.truncateLog();
      return deleted;
    },
    onSealed: () => undefined,
    async rewrapDataKey(id, masterKeyId, wrapped) {
      db.run("UPDATE data_keys SET master_key_id = ?, wrapped = ? WHERE id = ?", masterKeyId, wrapped, id);
    },
  };
}
