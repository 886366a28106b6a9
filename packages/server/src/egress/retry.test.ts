import type { ProxyMethod } from "@alter-vault/protocol";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { backoffMs, retryAfterMs, sleepFor } from "./retry.ts";
import { send, startProvider, startRawProvider, testEgress, type Provider } from "./test-support.ts";

describe("backoffMs", () => {
  test("doubles, half of it by chance", () => {
    expect([0, 1, 2].map((retries) => backoffMs(retries, () => 0))).toEqual([100, 200, 400]);
    expect([0, 1, 2].map((retries) => backoffMs(retries, () => 0.999_999))).toEqual(
      [200, 400, 800].map((ms) => expect.closeTo(ms, 2)),
    );
  });
});

describe("retryAfterMs", () => {
  test.each<[Record<string, string | string[]>, number | null]>([
    [{}, null],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "3" }, 3000],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:02 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 2000],
    [{ "retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 0],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:02 GMT" }, Infinity],
    [{ "retry-after": "soon", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, Infinity],
    [{ "retry-after": "-1" }, Infinity],
    [{ "retry-after": ["1", "2"] }, Infinity],
  ])("%j is %s", (headers, ms) => {
    expect(retryAfterMs(headers)).toBe(ms);
  });
});

describe("retries", () => {
  let provider: Provider;
  afterEach(() => provider.close());

  /** Answers with the given statuses, one after the other, then with 200. */
  const answering = async (statuses: number[], headers: Record<string, string> = {}): Promise<Provider> => {
    provider = await startProvider((incoming, response) => {
      incoming.resume();
      incoming.on("end", () => {
        const status = statuses[provider.seen.length - 1];
        response.writeHead(status ?? 200, status ? headers : {}).end(String(status ?? "ok"));
      });
    });
    return provider;
  };

  test.each<[ProxyMethod, number[], Record<string, string>, number, number, number[]]>([
    ["GET", [503], {}, 200, 2, [150]],
    ["GET", [429, 502], {}, 200, 3, [150, 300]],
    ["GET", [504, 504, 504], {}, 504, 3, [150, 300]],
    ["OPTIONS", [503], {}, 200, 2, [150]],
    ["HEAD", [503], {}, 200, 2, [150]],
    ["GET", [429], { "retry-after": "2" }, 200, 2, [2000]],
    ["GET", [429], { "retry-after": "5" }, 200, 2, [5000]],
    ["GET", [429], { "retry-after": "6" }, 429, 1, []],
    ["GET", [503], { "retry-after": "soon" }, 503, 1, []],
    ["GET", [429], { "retry-after": "0" }, 200, 2, []],
    ["GET", [500], {}, 500, 1, []],
    ["GET", [501], {}, 501, 1, []],
    ["GET", [408], {}, 408, 1, []],
    ["POST", [503], {}, 503, 1, []],
    ["PUT", [503], {}, 503, 1, []],
    ["DELETE", [429], {}, 429, 1, []],
  ])("%s answered %j %j ends with %d after %d requests", async (method, statuses, headers, status, count, waits) => {
    const egress = testEgress();
    const { outcome } = await send(egress, (await answering(statuses, headers)).url, { method });
    expect(outcome).toMatchObject({ ok: true, status, retries: count - 1 });
    expect(provider.seen).toHaveLength(count);
    expect(egress.waits).toEqual(waits);
    await egress.close();
  });

  test.each([Buffer.from("x"), Readable.from(["x"])])("never with a body", async (body) => {
    const egress = testEgress();
    const { outcome } = await send(egress, (await answering([503])).url, { method: "OPTIONS", body, contentLength: 1 });
    expect(outcome).toMatchObject({ ok: true, status: 503, retries: 0 });
    await egress.close();
  });

  test.each<[ProxyMethod, number]>([
    ["GET", 2],
    ["HEAD", 2],
    ["POST", 1],
    ["DELETE", 1],
  ])("%s on a connection that closes without a word: %d requests", async (method, count) => {
    const egress = testEgress();
    provider = await startRawProvider(
      (socket, request) => void socket.end(request === 1 ? "" : "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    );
    const { outcome } = await send(egress, provider.url, { method });
    expect(outcome).toMatchObject(
      count === 2 ? { ok: true, retries: 1 } : { ok: false, code: "upstream_unreachable", retries: 0 },
    );
    expect(provider.seen).toHaveLength(count);
    await egress.close();
  });

  test("a connection the provider closed while it was idle", async () => {
    const egress = testEgress();
    provider = await startRawProvider((socket, request) => {
      if (request === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    expect((await send(egress, provider.url)).text).toBe("ok");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await send(egress, provider.url)).toMatchObject({ text: "ok", outcome: { ok: true, retries: 1 } });
    expect(egress.waits).toEqual([]);
    await egress.close();
  });

  test("nobody there: three times, then it is said", async () => {
    const egress = testEgress();
    provider = await startProvider(() => undefined);
    await provider.close();
    expect((await send(egress, provider.url)).outcome).toMatchObject({
      ok: false,
      code: "upstream_unreachable",
      retries: 2,
    });
    expect(egress.waits).toEqual([300]);
    await egress.close();
  });

  test("not once headers were handed out", async () => {
    const egress = testEgress();
    provider = await startRawProvider((socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"));
    expect((await send(egress, provider.url)).outcome).toMatchObject({ ok: false, started: true, retries: 0 });
    expect(provider.seen).toHaveLength(1);
    await egress.close();
  });

  test("not when the call lasts long already", async () => {
    let time = 0;
    const egress = testEgress({}, { now: () => (time += 60_000) });
    const { outcome } = await send(egress, (await answering([503])).url);
    expect(outcome).toMatchObject({ ok: true, status: 503, retries: 0 });
    await egress.close();
  });

  test("a redirect and a retry in one call", async () => {
    const egress = testEgress();
    provider = await startProvider((incoming, response) => {
      if (incoming.url === "/") response.writeHead(302, { location: "/next" }).end();
      else response.writeHead(provider.seen.length === 2 ? 503 : 200).end("ok");
    });
    expect(await send(egress, provider.url)).toMatchObject({
      text: "ok",
      outcome: { ok: true, retries: 1, redirects: 1 },
    });
    expect(provider.seen).toEqual(["GET /", "GET /next", "GET /next"]);
    await egress.close();
  });

  test("aborting ends the wait", async () => {
    const egress = testEgress({}, { sleep: sleepFor });
    const controller = new AbortController();
    await answering([503, 503], { "retry-after": "5" });
    const sent = send(egress, provider.url, {}, controller.signal);
    await expect.poll(() => provider.seen.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    controller.abort();
    expect((await sent).outcome).toMatchObject({ ok: false, code: "client_closed", retries: 1 });
    expect(provider.seen).toHaveLength(1);
    await egress.close();
  });

  test("a wait that ends after the call was aborted starts nothing", async () => {
    let wake = (): void => undefined;
    const sleep = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    const egress = testEgress({}, { sleep });
    const controller = new AbortController();
    await answering([503]);
    const sent = send(egress, provider.url, {}, controller.signal);
    await expect.poll(() => provider.seen.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.abort();
    await sent;
    wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(provider.seen).toHaveLength(1);
    await egress.close();
  });
});
