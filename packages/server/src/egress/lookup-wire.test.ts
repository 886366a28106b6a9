import { afterEach, describe, expect, test } from "vitest";
import type { Resolve } from "./lookup.ts";
import { send, startProvider, testEgress, type Provider } from "./test-support.ts";

/** A resolver that gives the answers in turn, the last one for ever, and counts. */
function answering(...answers: string[][]): { resolve: Resolve; asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = (hostname) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
  return { resolve, asked };
}

describe("names on the way out", () => {
  let provider: Provider;
  afterEach(() => provider.close());
  const startClosing = async (): Promise<string> => {
    provider = await startProvider(
      (_incoming, response) => void response.writeHead(200, { connection: "close" }).end("ok"),
    );
    return new URL(provider.url).port;
  };

  test("an answer that changes: what is resolved is what is connected to, each time anew", async () => {
    const { resolve, asked } = answering(["127.0.0.1"], ["10.0.0.1"]);
    const egress = testEgress({}, { resolve });
    const url = `http://localhost:${await startClosing()}/`;
    expect((await send(egress, url)).text).toBe("ok");
    expect(asked).toEqual(["localhost"]);
    await expect.poll(() => provider.sockets.size).toBe(0);
    const port = new URL(url).port;
    expect((await send(egress, url)).outcome).toEqual({
      ok: false,
      code: "target_address_forbidden",
      detail: "localhost leads to an address that is not public",
      host: `localhost:${port}`,
      started: false,
      begun: false,
      retries: 0,
      redirects: 0,
      scrubbed: 0,
    });
    expect(asked).toHaveLength(2);
    expect(provider.seen).toHaveLength(1);
    await egress.close();
  });

  test.each([
    ["api.example.com", ["127.0.0.1"]],
    ["api.example.com", ["8.8.8.8", "127.0.0.1"]],
    ["api.example.com", ["127.0.0.1", "8.8.8.8"]],
    ["api.example.com", ["2606:4700::1111", "::ffff:127.0.0.1"]],
    ["api.example.com", ["::1"]],
    ["metadata.google.internal", ["169.254.169.254"]],
    ["127.0.0.1.nip.example", ["127.0.0.1"]],
    ["x.localhost", ["127.0.0.1"]],
    ["localhost", ["127.0.0.1", "192.168.0.1"]],
  ])("%s at %j is refused, and nobody is called", async (hostname, addresses) => {
    const egress = testEgress({}, { resolve: answering(addresses).resolve });
    const { outcome } = await send(egress, `http://${hostname}:${await startClosing()}/?q=fake`);
    expect(outcome).toMatchObject({ ok: false, code: "target_address_forbidden", retries: 0, started: false });
    expect(JSON.stringify(outcome)).not.toContain("fake");
    expect(provider.connections()).toBe(0);
    await egress.close();
  });

  test("without the operator's switch loopback is nobody's address", async () => {
    const egress = testEgress({}, { allowLoopback: false, resolve: answering(["127.0.0.1"]).resolve });
    const port = await startClosing();
    for (const host of ["localhost", "127.0.0.1", "[::1]", "api.example.com"]) {
      expect((await send(egress, `http://${host}:${port}/`)).outcome).toMatchObject({
        ok: false,
        code: "target_address_forbidden",
      });
    }
    expect(provider.connections()).toBe(0);
    await egress.close();
  });

  test.each(["http://10.0.0.1/", "https://169.254.169.254/", "https://[fd00:ec2::254]/", "https://[::ffff:7f00:1]/"])(
    "%s is refused even when nobody checked the target",
    async (url) => {
      const { resolve, asked } = answering(["127.0.0.1"]);
      const egress = testEgress({}, { resolve });
      await startClosing();
      expect((await send(egress, url)).outcome).toMatchObject({
        ok: false,
        code: "target_address_forbidden",
        host: new URL(url).host,
      });
      expect(asked).toEqual([]);
      await egress.close();
    },
  );

  test("no such name, no answer, an answer that never comes", async () => {
    await startClosing();
    const none = testEgress({ maxRetries: 0 }, { resolve: answering([]).resolve });
    expect((await send(none, "https://api.example.com/")).outcome).toMatchObject({
      code: "upstream_unreachable",
      detail: "no connection to api.example.com (ENOTFOUND)",
    });
    const silent = testEgress({ connectTimeoutMs: 50 }, { resolve: () => new Promise(() => undefined) });
    expect((await send(silent, "https://api.example.com/")).outcome).toMatchObject({
      ok: false,
      code: "upstream_timeout",
    });
    await none.close();
    await silent.close();
  });

  test("a name with several addresses reaches the one that answers", async () => {
    const port = await startClosing();
    // Nobody listens on 127.0.0.2 there.
    const egress = testEgress({}, { resolve: answering(["127.0.0.2", "127.0.0.1"]).resolve });
    expect((await send(egress, `http://localhost:${port}/`)).text).toBe("ok");
    await egress.close();
  });
});
