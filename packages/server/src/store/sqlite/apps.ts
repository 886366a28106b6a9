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
      return db.run("INSERT INTO apps VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING", id, name, createdAt) === 1;
    },
    async findApp(id) {
      const row = db.get<Row>("SELECT * FROM apps WHERE id = ?", id);
      return row ? fromRow(row) : null;
    },
    async listApps() {
      return db.all<Row>("SELECT * FROM apps ORDER BY created_at, id").map(fromRow);
    },
  };
}
