import type { SettingStore } from "../store.ts";
import type { Database } from "./database.ts";

export function settingStore(db: Database): SettingStore {
  const get = async (name: string): Promise<Uint8Array | null> =>
    (await db.get<{ sealed: Uint8Array }>("SELECT value AS sealed FROM settings WHERE name = $1", name))?.sealed ??
    null;
  return {
    getSetting: get,
    async insertSetting(name, value) {
      await db.run("INSERT INTO settings VALUES ($1, $2) ON CONFLICT DO NOTHING", name, value);
      return (await get(name)) ?? value;
    },
  };
}
