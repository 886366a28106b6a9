import { createConnection } from "node:net";
import { argv } from "node:process";
import type { ConnectionOpener } from "../../packages/server/src/egress/connection-pools.ts";
import { createLogger, loadConfig, startLocalVault, systemSurroundings } from "@alter-vault/server";
import { EFFECTS_HOST } from "./world.ts";

/** What a replica needs to know. */
export interface ReplicaOrder {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly masterKeyPath: string;
  readonly port: number;
  /** Where the providers of the catalogue are, on this machine. */
  readonly fakePort: number;
  /** Where the one is that counts effects. */
  readonly effectsPort: number;
}

/*
 * One replica, as it is shipped, but for the way to the providers: plain sockets to this machine, by the name that is
 * called. Says one line when it is ready.
 */
const order = JSON.parse(argv[2] ?? "{}") as ReplicaOrder;
const connect: ConnectionOpener = (options, done) => {
  const port = options.hostname === EFFECTS_HOST ? order.effectsPort : order.fakePort;
  const socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
  socket.once("error", (error) => done(error, null));
  socket.once("connect", () => done(null, socket));
};
const config = loadConfig(
  "serve",
  {
    ALTER_VAULT_DATA: order.dataDir,
    ALTER_VAULT_DATABASE_URL: order.databaseUrl,
    ALTER_VAULT_MASTER_KEY_FILE: order.masterKeyPath,
    ALTER_VAULT_PORT: String(order.port),
    ALTER_VAULT_DRAIN_MS: "0",
    ALTER_VAULT_SHUTDOWN_MS: "5000",
  },
  {},
);
const vault = await startLocalVault(config, { ...systemSurroundings(createLogger("error")), connect });
process.on("SIGTERM", () => void vault.stop());
process.stdout.write(`${JSON.stringify({ url: vault.url })}\n`);
