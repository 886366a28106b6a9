import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import pg from "pg";

/*
 * Loaded before a command: ends it as a power cut does, at the moment when all is written and nothing counts yet. That is
 * before a file is put in its place, and before a transaction is committed.
 */
const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  for (;;);
};

const rename = fs.renameSync;
fs.renameSync = (from, to) => (String(to).endsWith("vault.db") ? die() : rename(from, to));
syncBuiltinESMExports();

const client = pg.Client.prototype as { query: (...given: unknown[]) => unknown };
const query = client.query;
client.query = function (...given) {
  const [{ text } = {}] = given as [{ text?: string }?];
  return text === "COMMIT" ? die() : query.apply(this, given);
};
