import { readFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import {
  createLogger,
  initDataDir,
  isInitialized,
  loadConfig,
  startLocalVault,
  systemSurroundings,
} from "@alter-vault/server";
import { serveParent } from "./processes/parent.ts";

/**
 * The vault as it is shipped, in `dev` mode, in the data directory that is named as the first argument; it is made where
 * there is none. With a second argument it stores in that PostgreSQL database. The environment has no say.
 */
const [, , dataDir = "", databaseUrl] = argv;
const storage = databaseUrl === undefined ? {} : { ALTER_VAULT_DATABASE_URL: databaseUrl };
const config = loadConfig("dev", { ALTER_VAULT_DATA: dataDir, ALTER_VAULT_PORT: "0", ...storage }, {});
const surroundings = systemSurroundings(createLogger("silent"));

if (!(await isInitialized(config))) await initDataDir(config, surroundings);
const vault = await startLocalVault(config, surroundings);
const apiKey = readFileSync(join(dataDir, "operator.key"), "utf8").trim();
serveParent({ url: vault.url, apiKey }, {}, () => vault.stop());
