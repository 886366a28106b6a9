import type { ProxyMethod } from "@alter-vault/protocol";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileAllowedHosts } from "./allowed-hosts.ts";
import { nextHop, type Hop } from "./redirect.ts";
import { secretMatcher } from "./scrub.ts";
import { send, startProvider, startRawProvider, testEgress, TOKEN, type Provider } from "./test-support.ts";

const HEADERS: Hop["headers"] = [
  ["authorization", `Bearer ${TOKEN}`],
  ["x-api-key", TOKEN],
  ["accept", "application/json"],
  ["accept-language", "en"],
  ["content-type", "text/plain"],
  ["user-agent", "mine"],
  ["range", "bytes=0-1"],
  ["x-mine", "private"],
  ["if-match", "x"],
];

const rules = {
  allowLoopback: false,
  allows: compileAllowedHosts(["api.example.com", "cdn.example.com", "*.files.example.com"]),
  credentialHeaders: ["authorization", "x-api-key"],
  credentialQuery: ["api_key"],
  matcher: secretMatcher([TOKEN]),
};

const hop = (fields: Partial<Hop> = {}): Hop => ({
  method: "GET",
  url: new URL("https://api.example.com/v1/items/7?a=1"),
  headers: HEADERS,
  body: null,
  contentLength: null,
  ...fields,
});

const follow = (location: string | string[], fields: Partial<Hop> = {}, status = 302): ReturnType<typeof nextHop> =>
  nextHop(hop(fields), status, location, rules);

describe("where a redirect may lead", () => {
  test.each([
    ["/v2", "https://api.example.com/v2"],
    ["https://api.example.com/v2?x=1#part", "https://api.example.com/v2?x=1"],
    ["HTTPS://API.example.com:443/v2", "https://api.example.com/v2"],
    ["//api.example.com/v2", "https://api.example.com/v2"],
    ["8", "https://api.example.com/v1/items/8"],
    ["8/parts?x", "https://api.example.com/v1/items/8/parts?x"],
    ["?b=2", "https://api.example.com/v1/items/7?b=2"],
    ["", "https://api.example.com/v1/items/7?a=1"],
    ["#top", "https://api.example.com/v1/items/7?a=1"],
    ["/{id}/\xc3\xa9", "https://api.example.com/%7Bid%7D/%C3%A9"],
    ["https://cdn.example.com/x", "https://cdn.example.com/x"],
    ["//a.b.files.example.com/x", "https://a.b.files.example.com/x"],
  ])("%j", (location, href) => {
    const next = follow(location);
    expect(next.ok ? next.hop.url.href : next).toBe(href);
  });

  test.each([
    "https://evil.example/",
    "//evil.example/",
    "https://api.example.com.evil.example/",
    "https://evil-api.example.com/",
    "https://files.example.com/",
    "http://api.example.com/v2",
    "https://api.example.com:8443/",
    "https://user:fake@api.example.com/",
    "https://api.example.com@evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/plain,x",
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://[::ffff:7f00:1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/",
    "https://api.example.com./",
    "https://xn--pi-sla.example.com/",
    "../x",
    "./x",
    "/a/../../x",
    "/a/%2e%2e/x",
    "/a%2f..",
    "/a%00",
    "/a b",
    ["/a", "/b"],
  ])("not %j", (location) => {
    expect(follow(location)).toMatchObject({ ok: false });
  });

  test("names the host, not the query", () => {
    const next = follow(`https://evil.example:444/x?api_key=${TOKEN}`);
    expect(next).toMatchObject({ ok: false, host: "evil.example:444" });
    expect(JSON.stringify(next)).not.toContain(TOKEN);
  });
});

describe("what goes along", () => {
  test("within the origin everything, the credential too", () => {
    const next = follow("/v2");
    expect(next.ok && next.hop.headers).toEqual(HEADERS);
  });

  test("to another origin what the caller wants, nothing of who they are", () => {
    const next = follow("https://cdn.example.com/x");
    expect(next.ok && next.hop.headers.map(([name]) => name)).toEqual([
      "accept",
      "accept-language",
      "content-type",
      "user-agent",
      "range",
    ]);
    expect(JSON.stringify(next)).not.toContain(TOKEN);
  });

  test("not even a harmless name, when it holds the credential", () => {
    const next = nextHop(hop(), 302, "https://cdn.example.com/x", {
      ...rules,
      credentialHeaders: ["authorization", "x-api-key", "range"],
    });
    expect(next.ok && next.hop.headers.map(([name]) => name)).not.toContain("range");
  });

  test("back at the first origin the credential does not come back", () => {
    const away = follow("https://cdn.example.com/x");
    const back = away.ok && nextHop(away.hop, 302, "https://api.example.com/v1/items/7", rules);
    expect(JSON.stringify(back)).not.toContain(TOKEN);
    expect(back).toMatchObject({ ok: true });
  });

  const withKey = new URL(`https://api.example.com/x?api_key=${TOKEN}&q=%20`);
  test.each([
    ["/y", `https://api.example.com/y?api_key=${TOKEN}`],
    ["/y?z=%20", `https://api.example.com/y?z=%20&api_key=${TOKEN}`],
    [`/y?api_key=${TOKEN}&z=+`, `https://api.example.com/y?api_key=${TOKEN}&z=+`],
    ["/y?api_key=other&z=+", `https://api.example.com/y?z=+&api_key=${TOKEN}`],
    [`https://cdn.example.com/y?z=%20&api_key=${TOKEN}&u=+`, "https://cdn.example.com/y?z=%20&u=+"],
    [`https://cdn.example.com/y?api%5Fkey=${TOKEN}`, "https://cdn.example.com/y"],
    ["https://cdn.example.com/y", "https://cdn.example.com/y"],
  ])("a credential in the query: %s", (location, href) => {
    const next = follow(location, { url: withKey });
    expect(next.ok ? next.hop.url.href : next).toBe(href);
  });

  test.each([
    `https://cdn.example.com/${TOKEN}`,
    `https://cdn.example.com/?next=${Buffer.from(TOKEN).toString("base64url")}`,
  ])("a URL with the credential in it is not called at another origin: %s", (location) => {
    expect(follow(location)).toMatchObject({ ok: false, host: "cdn.example.com" });
  });

  const body = Buffer.from("hello");
  test.each<[ProxyMethod, number, ProxyMethod, boolean]>([
    ["GET", 301, "GET", false],
    ["HEAD", 302, "HEAD", false],
    ["HEAD", 303, "HEAD", false],
    ["POST", 301, "GET", false],
    ["POST", 302, "GET", false],
    ["POST", 303, "GET", false],
    ["PUT", 303, "GET", false],
    ["DELETE", 303, "GET", false],
    ["PUT", 301, "PUT", true],
    ["PATCH", 302, "PATCH", true],
    ["POST", 307, "POST", true],
    ["POST", 308, "POST", true],
    ["DELETE", 308, "DELETE", true],
  ])("%s with a %d becomes %s, body kept: %s", (method, status, becomes, keepsBody) => {
    const hasBody = method !== "GET" && method !== "HEAD";
    const next = follow("/v2", { method, ...(hasBody ? { body, contentLength: 5 } : {}) }, status);
    expect(next).toMatchObject({
      ok: true,
      hop: { method: becomes, body: keepsBody ? body : null, contentLength: keepsBody ? 5 : null },
    });
    if (hasBody) expect(next.ok && next.hop.headers.some(([name]) => name === "content-type")).toBe(keepsBody);
  });

  test.each([307, 308, 301])("a streamed body cannot be sent again (%d)", (status) => {
    expect(follow("/v2", { method: "PUT", body: Readable.from(["x"]) }, status)).toMatchObject({
      ok: false,
      host: "api.example.com",
    });
    expect(follow("/v2", { method: "POST", body: Readable.from(["x"]) }, 303)).toMatchObject({ ok: true });
  });
});

describe("over the wire", () => {
  const egress = testEgress();
  afterAll(() => egress.close());
  let first: Provider;
  let second: Provider;
  const log: string[] = [];
  beforeEach(async () => {
    log.length = 0;
    second = await startProvider((incoming, response) => {
      log.push(
        `second ${incoming.method} ${incoming.headers.authorization ?? "without"} ${String(incoming.headers["x-mine"] ?? "without")}`,
      );
      response.end("arrived");
    });
    first = await startProvider((incoming, response) => {
      log.push(`first ${incoming.method} ${incoming.url} ${incoming.headers.authorization ? "with" : "without"}`);
      const to = new URL(incoming.url ?? "", "http://x").searchParams.get("to");
      if (to === null) incoming.pipe(response);
      else
        response
          .writeHead(Number(incoming.url?.slice(1, 4)), { location: to })
          .end(to.startsWith("/loop") ? "x".repeat(100_000) : "moved");
    });
  });
  afterEach(() => Promise.all([first.close(), second.close()]));
  const to = (location: string, status = 302): string => `${first.url}/${status}?to=${encodeURIComponent(location)}`;

  test("same origin, with the credential", async () => {
    const { text, outcome } = await send(egress, to("/end", 307), {
      method: "POST",
      body: Buffer.from("again"),
      contentLength: 5,
    });
    expect(text).toBe("again");
    expect(outcome).toMatchObject({ ok: true, status: 200, redirects: 1, requestBytes: 10, responseBytes: 5 });
    expect(log.at(-1)).toBe("first POST /end with");
  });

  test("another origin on the list, without it", async () => {
    const { text } = await send(egress, to(second.url), {
      allows: compileAllowedHosts([second.host]),
      headers: [
        ["authorization", `Bearer ${TOKEN}`],
        ["x-mine", "1"],
      ],
    });
    expect(text).toBe("arrived");
    expect(log.at(-1)).toBe("second GET without without");
  });

  test("another origin that is not on it: refused, untouched, named", async () => {
    const { outcome, status } = await send(egress, to(second.url));
    expect(outcome).toEqual({
      ok: false,
      code: "redirect_refused",
      detail: `${second.host} is not on the credential's allow-list`,
      host: second.host,
      started: false,
      begun: true,
      retries: 0,
      redirects: 0,
      scrubbed: 0,
    });
    expect(status).toBe(0);
    expect(second.seen).toEqual([]);
  });

  test("manual hands over the redirect, without the credential in it", async () => {
    const { status, headers, text } = await send(egress, to(`https://evil.example/?t=${TOKEN}`), {
      redirect: "manual",
    });
    expect([status, headers["location"], text]).toEqual([
      302,
      `https://evil.example/?t=${"*".repeat(TOKEN.length)}`,
      "moved",
    ]);
  });

  test("error refuses each", async () => {
    expect((await send(egress, to("/end"), { redirect: "error" })).outcome).toMatchObject({
      ok: false,
      code: "redirect_refused",
      host: first.host,
    });
  });

  test("a loop ends after five, its bodies are not read, and no connection is left over", async () => {
    const loop = `/302?to=${encodeURIComponent("/loop")}`;
    first.close().catch(() => undefined);
    first = await startProvider(
      (_incoming, response) => void response.writeHead(302, { location: loop }).end("x".repeat(1_000_000)),
    );
    const { outcome } = await send(egress, first.url + loop);
    expect(outcome).toMatchObject({ ok: false, code: "redirect_refused", redirects: 5 });
    expect(first.seen).toHaveLength(6);
    await expect.poll(() => first.sockets.size).toBe(0);
  });

  test("a 3xx without Location, or another one, is an answer", async () => {
    for (const [status, headers] of [
      [302, {}],
      [304, { location: "/x" }],
      [300, { location: "/x" }],
    ] as const) {
      await first.close();
      first = await startProvider((_incoming, response) => void response.writeHead(status, headers).end());
      expect((await send(egress, first.url)).outcome).toMatchObject({ ok: true, status, redirects: 0 });
    }
  });

  test("aborting between two hops sends nothing more", async () => {
    const controller = new AbortController();
    await first.close();
    first = await startProvider((_incoming, response) => {
      response.writeHead(302, { location: "/end" }).end(() => controller.abort());
    });
    expect((await send(egress, first.url, {}, controller.signal)).outcome).toMatchObject({
      ok: false,
      code: "client_closed",
    });
    expect(first.seen.length).toBeLessThanOrEqual(2);
  });

  test("what becomes of the redirect's own body does not matter, and its connection does not stay", async () => {
    for (const end of ["resets", "falls silent"]) {
      const raw = await startRawProvider((socket, count) => {
        if (count === 2) setTimeout(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"), 60);
        else {
          socket.write("HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 100\r\n\r\nabc");
          if (end === "resets") setTimeout(() => socket.resetAndDestroy(), 20);
        }
      });
      expect(await send(egress, raw.url)).toMatchObject({
        text: "ok",
        outcome: { ok: true, redirects: 1, retries: 0 },
      });
      expect(raw.seen).toEqual(["GET /", "GET /next"]);
      await expect.poll(() => raw.sockets.size).toBe(1);
      await raw.close();
    }
  });
});
