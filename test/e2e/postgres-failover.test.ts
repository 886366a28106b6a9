import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { joinSockets } from "../harness/join-sockets.ts";
import { startPostgresVault, type PostgresVault } from "../harness/postgres-vault.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";

/*
 * A server and its standby with synchronous replication, behind one address. The server dies as in a power cut, the
 * standby takes over, and the address leads there.
 */
let primary: TestPostgres;
let standby: TestPostgres;
let address: Awaited<ReturnType<typeof startAddress>>;
let vault: PostgresVault;

beforeAll(async () => {
  const replicated = ["wal_level=replica", "max_wal_senders=4", "hot_standby=on"];
  primary = await startPostgres({ fsync: true, settings: replicated });
  await primary.halt("orderly");
  standby = await startStandby(replicated);
  await primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
  await primary.run("SELECT pg_reload_conf()");
  address = await startAddress(primary.port);
  vault = await startPostgresVault(`postgres://postgres@127.0.0.1:${address.port}/postgres`);
});
afterAll(async () => {
  await vault.stop();
  address.close();
  await standby.stop();
  await primary.stop();
});

async function startStandby(settings: readonly string[]): Promise<TestPostgres> {
  const copied = startPostgres({
    fsync: true,
    copyOf: primary.dataDir,
    settings: [...settings, `primary_conninfo=host=127.0.0.1 port=${primary.port} user=postgres`],
    prepare: (dataDir) => writeFileSync(join(dataDir, "standby.signal"), ""),
  });
  // It is copied while the other is stopped, and follows it from there.
  const started = await copied;
  await primary.start();
  return started;
}

/** One address for both, as a cluster has; connections end when it leads elsewhere. */
async function startAddress(first: number): Promise<{ port: number; lead(port: number): void; close(): void }> {
  let to = first;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    joinSockets(client, connect(to, "127.0.0.1"), open);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => open.forEach((socket) => void socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    lead(port) {
      to = port;
      cut();
    },
    close() {
      server.close();
      cut();
    },
  };
}

test(
  "failed over: refused until the address leads to the new one; nothing acknowledged is lost",
  { timeout: 60_000 },
  async () => {
    const answered = new Set<string>();
    const refused = new Set<string>();
    const codes = new Set<unknown>();
    let isOver = false;
    const load = (async () => {
      for (let n = 0; !isOver; n++) {
        const { status, problem } = await vault.call(`/call-${n}`);
        if (status === 200) answered.add(`/call-${n}`);
        else {
          codes.add(problem?.code);
          refused.add(`/call-${n}`);
        }
        await sleep(5);
      }
    })();
    await sleep(500);
    await primary.halt();
    await sleep(500);
    await standby.run("SELECT pg_promote()");
    address.lead(standby.port);
    const from = performance.now();
    const before = answered.size;
    while (answered.size === before) {
      if (performance.now() - from > 20_000) throw new Error("it does not recover");
      await sleep(20);
    }
    expect(performance.now() - from).toBeLessThan(5_000);
    await sleep(300);
    isOver = true;
    await load;

    expect(["audit_unavailable", "storage_unavailable"]).toEqual(expect.arrayContaining([...codes]));
    expect(codes.size, "some calls met the failover").toBeGreaterThan(0);
    expect(vault.upstream.calls.filter(({ url }) => refused.has(url))).toEqual([]);
    const logged = new Set(await vault.allLogged());
    expect([...answered].filter((path) => !logged.has(path))).toEqual([]);
    expect(vault.upstream.calls.filter(({ url }) => !logged.has(url))).toEqual([]);
    expect(await vault.ready()).toBe(200);
  },
);
