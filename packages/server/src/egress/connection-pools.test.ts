import { createConnection } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createPools, type ConnectionOpener, type ConnectionPools } from "./connection-pools.ts";
import { DEFAULT_EGRESS_LIMITS } from "./limits.ts";
import { createLookup, resolveWithSystem } from "./lookup.ts";
import { startProvider, type Provider } from "./test-support.ts";

const open = (maxOrigins: number, connect?: ConnectionOpener): ConnectionPools =>
  createPools({
    allowLoopback: true,
    limits: DEFAULT_EGRESS_LIMITS,
    lookup: createLookup(resolveWithSystem, { allowLoopback: true }),
    maxOrigins,
    connect,
  });

async function call(pools: ConnectionPools, url: URL): Promise<string> {
  const pool = pools.get(url);
  if (typeof pool === "string") return pool;
  const { body } = await pool.request({ path: "/", method: "GET" });
  return body.text();
}

describe("createPools", () => {
  const providers: Provider[] = [];
  afterEach(() => Promise.all(providers.splice(0).map((provider) => provider.close())));
  const start = async (): Promise<Provider> => {
    const provider = await startProvider((_incoming, response) => void setTimeout(() => response.end("ok"), 10));
    providers.push(provider);
    return provider;
  };

  test("one pool per origin, whatever the path", async () => {
    const pools = open(10);
    const url = new URL((await start()).url);
    expect(pools.get(url)).toBe(pools.get(new URL("/other?x", url)));
    expect(pools.get(url)).not.toBe(pools.get(new URL((await start()).url)));
    await pools.close();
  });

  test("the first one goes when there are too many, after what it has under way", async () => {
    const pools = open(2);
    const urls = (await Promise.all([start(), start(), start()])).map((provider) => new URL(provider.url));
    expect(await Promise.all(urls.map((url) => call(pools, url)))).toEqual(["ok", "ok", "ok"]);
    await expect.poll(() => providers.map((provider) => provider.sockets.size)).toEqual([0, 1, 1]);
    await pools.close();
    await expect.poll(() => providers.map((provider) => provider.sockets.size)).toEqual([0, 0, 0]);
  });

  test("a pool without connections is forgotten", async () => {
    const pools = open(2);
    const provider = await start();
    const url = new URL(provider.url);
    const pool = pools.get(url);
    expect(await call(pools, url)).toBe("ok");
    expect(pools.get(url)).toBe(pool);
    for (const socket of provider.sockets) socket.destroy();
    await expect.poll(() => pools.get(url) === pool).toBe(false);
    expect(await call(pools, url)).toBe("ok");
    await pools.close();
  });

  test("whoever opens the connections is told what for, and is not asked for an address of the inside", async () => {
    const provider = await start();
    const asked: unknown[] = [];
    const pools = open(10, ({ hostname, port, protocol }, done) => {
      asked.push({ hostname, port, protocol });
      const socket = createConnection({ host: "127.0.0.1", port: Number(new URL(provider.url).port) });
      socket.once("connect", () => done(null, socket)).once("error", (error) => done(error, null));
    });
    expect(await call(pools, new URL("https://api.example.com/"))).toBe("ok");
    expect(asked).toEqual([{ hostname: "api.example.com", port: "", protocol: "https:" }]);
    expect(pools.get(new URL("https://10.0.0.1/"))).toBe("forbidden");
    await pools.close();
  });

  test("no pool for a forbidden address, nor when closed", async () => {
    const pools = open(2);
    expect(pools.get(new URL("https://10.0.0.1/"))).toBe("forbidden");
    expect(pools.get(new URL("https://[fe80::1]/"))).toBe("forbidden");
    await pools.close();
    expect(pools.get(new URL("https://api.example.com/"))).toBe("closed");
  });
});
