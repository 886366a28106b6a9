import type { AppRecord, AppStore } from "../store.ts";
import type { Database } from "./database.ts";

interface Row {
  id: string;
  name: string;
  created_at: number;
}

const fromRow = (row: Row): AppRecord => ({ id: row.id, name: row.name, createdAt: row.created_at });

export function appStore(db: Database): AppStore {
  return {
    async insertApp({ id, name, createdAt }) {
      const sql = "INSERT INTO apps VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
      return (await db.run(sql, id, name, createdAt)) === 1;
    },
    async findApp(id) {
      const row = await db.get<Row>("SELECT * FROM apps WHERE id = $1", id);
      return row ? fromRow(row) : null;
    },
    async listApps() {
      return (await db.all<Row>("SELECT * FROM apps ORDER BY created_at, id")).map(fromRow);
    },
  };
}
