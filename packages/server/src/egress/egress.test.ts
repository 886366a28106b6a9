import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { EgressSink } from "./egress.ts";
import {
  collectingSink,
  request,
  send,
  startProvider,
  startRawProvider,
  testEgress,
  TOKEN,
  type Provider,
} from "./test-support.ts";

const egress = testEgress();
const providers: Provider[] = [];
const provide = async (starting: Promise<Provider>): Promise<Provider> => {
  const provider = await starting;
  providers.push(provider);
  return provider;
};
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.close()));
});
afterAll(() => egress.close());

const bodyOf = async (incoming: IncomingMessage): Promise<Buffer> => Buffer.concat(await incoming.toArray());
const OK = { retries: 0, redirects: 0, scrubbed: 0 };

describe("a request", () => {
  test("goes out as it is, the answer comes back as it is", async () => {
    const provider = await provide(
      startProvider((incoming, response) => {
        void bodyOf(incoming).then((body) => {
          response.writeHead(201, {
            "content-type": "application/json",
            "x-tag": ["a", "b"],
            "set-cookie": "s=1",
            "alter-outcome": "fake",
          });
          response.end(
            JSON.stringify({
              headers: incoming.rawHeaders,
              method: incoming.method,
              url: incoming.url,
              body: body.toString(),
            }),
          );
        });
      }),
    );
    const { status, headers, text, outcome, chunks } = await send(egress, `${provider.url}/v1/items?a=1&a=%20`, {
      method: "POST",
      headers: [
        ["content-type", "text/plain"],
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      body: Buffer.from("hello"),
      contentLength: 5,
      matcher: null,
    });
    expect(status).toBe(201);
    expect(headers).toMatchObject({ "content-type": "application/json", "x-tag": ["a", "b"] });
    expect(Object.keys(headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(?:alter-.*|set-cookie|connection|transfer-encoding)$/)]),
    );
    expect(JSON.parse(text)).toEqual({
      headers: [
        "host",
        provider.host,
        "connection",
        "keep-alive",
        "accept-encoding",
        "identity",
        "content-type",
        "text/plain",
        "x-a",
        "1",
        "x-a",
        "2",
        "user-agent",
        "alter-vault",
        "content-length",
        "5",
      ],
      method: "POST",
      url: "/v1/items?a=1&a=%20",
      body: "hello",
    });
    expect(outcome).toEqual({ ok: true, status: 201, ...OK, requestBytes: 5, responseBytes: text.length });
    expect(chunks).toHaveLength(1);
  });

  test("the caller's user-agent is kept, an accept-encoding is not", async () => {
    const provider = await provide(
      startProvider((incoming, response) => response.end(JSON.stringify(incoming.headers))),
    );
    const { text } = await send(egress, provider.url, {
      headers: [
        ["user-agent", "mine"],
        ["accept-encoding", "gzip"],
      ],
    });
    expect(JSON.parse(text)).toMatchObject({ "user-agent": "mine", "accept-encoding": "identity" });
  });

  test.each([
    ["GET", 200],
    ["GET", 404],
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
    ["DELETE", 204],
    ["OPTIONS", 200],
    ["PATCH", 500],
  ] as const)("%s with a %d", async (method, status) => {
    const provider = await provide(
      startProvider(
        (_incoming, response) =>
          void response
            .writeHead(status, { "x-a": "1" })
            .end(method === "HEAD" || status === 204 || status === 304 ? undefined : "body"),
      ),
    );
    const received = await send(egress, provider.url, { method });
    expect(received.outcome).toMatchObject({ ok: true, status });
    expect(received.status).toBe(status);
    expect(received.text).toBe(method === "HEAD" || status === 204 || status === 304 ? "" : "body");
  });

  test("HEAD keeps the length, 204 has none", async () => {
    const head = await provide(startRawProvider("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"));
    expect((await send(egress, head.url, { method: "HEAD" })).headers).toEqual({ "content-length": "5" });
    const none = await provide(startRawProvider("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"));
    expect((await send(egress, none.url)).headers).toEqual({});
  });

  test("cookies come back when asked for", async () => {
    const provider = await provide(
      startProvider((_incoming, response) => void response.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end()),
    );
    expect((await send(egress, provider.url, { keepSetCookie: true })).headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  });

  test.each([null, 12])("a streamed body, announced length %s", async (contentLength) => {
    const provider = await provide(
      startProvider(
        (incoming, response) =>
          void bodyOf(incoming).then((body) =>
            response.end(
              `${incoming.headers["content-length"]}/${incoming.headers["transfer-encoding"]}/${body.toString()}`,
            ),
          ),
      ),
    );
    const received = await send(egress, provider.url, {
      method: "PUT",
      body: Readable.from([Buffer.from("hello "), Buffer.from("world!")], { objectMode: false }),
      contentLength,
    });
    expect(received.text).toBe(contentLength === null ? "undefined/chunked/hello world!" : "12/undefined/hello world!");
    expect(received.outcome).toMatchObject({ ok: true, requestBytes: 12 });
  });

  test("connections are kept and used again", async () => {
    const provider = await provide(startProvider((_incoming, response) => response.end("ok")));
    for (let i = 0; i < 5; i++) {
      await send(egress, provider.url);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(provider.connections()).toBe(1);
  });

  test("64 at once, each gets its own answer", async () => {
    const provider = await provide(
      startProvider(
        (incoming, response) => void setTimeout(() => response.end(`${incoming.url}`.repeat(500)), Math.random() * 20),
      ),
    );
    const all = await Promise.all(Array.from({ length: 64 }, (_, i) => send(egress, `${provider.url}/${i}`)));
    expect(all.map(({ text }) => text)).toEqual(Array.from({ length: 64 }, (_, i) => `/${i}`.repeat(500)));
    expect(all.every(({ outcome }) => outcome.ok)).toBe(true);
  });

  test("connectionsPerOrigin is the limit, the others wait", async () => {
    const few = testEgress({ connectionsPerOrigin: 2 });
    const provider = await provide(
      startProvider((_incoming, response) => void setTimeout(() => response.end("ok"), 5)),
    );
    const all = await Promise.all(Array.from({ length: 8 }, () => send(few, provider.url)));
    expect(all.every(({ outcome }) => outcome.ok)).toBe(true);
    expect(provider.connections()).toBeLessThanOrEqual(2);
    await few.close();
  });

  test("trailers are ignored, early hints too", async () => {
    const provider = await provide(
      startRawProvider(
        "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n2\r\nok\r\n0\r\nx-t: 1\r\n\r\n",
      ),
    );
    const { headers, text, outcome } = await send(egress, provider.url);
    expect([headers, text, outcome.ok]).toEqual([{}, "ok", true]);
  });

  test("an answer that comes before the upload is through", async () => {
    const provider = await provide(
      startProvider((_incoming, response) => void response.writeHead(413, { connection: "close" }).end("too large")),
    );
    const body = new Readable({
      read() {
        setTimeout(() => this.push(Buffer.alloc(16_384)), 1);
      },
    });
    const received = await send(egress, provider.url, { method: "POST", body });
    expect(received.status).toBe(413);
    expect(received.text).toBe("too large");
  });

  test("proxy settings of the environment are ignored", async () => {
    const provider = await provide(startProvider((_incoming, response) => response.end("direct")));
    process.env["HTTP_PROXY"] = "http://127.0.0.1:9";
    process.env["http_proxy"] = "http://127.0.0.1:9";
    process.env["NODE_USE_ENV_PROXY"] = "1";
    try {
      const own = testEgress();
      expect((await send(own, provider.url)).text).toBe("direct");
      await own.close();
    } finally {
      for (const name of ["HTTP_PROXY", "http_proxy", "NODE_USE_ENV_PROXY"]) delete process.env[name];
    }
  });
});

describe("the credential does not come back", () => {
  const forms: [string, (token: string) => string][] = [
    ["plain", (token) => token],
    ["base64", (token) => Buffer.from(`user:${token}`).toString("base64")],
    ["hex", (token) => Buffer.from(token).toString("hex")],
    ["json", (token) => JSON.stringify({ authorization: `Bearer ${token}` })],
  ];

  test.each(forms)("%s, whole, in pieces, gzipped and in a header", async (_name, form) => {
    const echo = form(TOKEN);
    const body = `before ${echo} after ${echo}`;
    const provider = await provide(
      startProvider((incoming, response) => {
        response.setHeader("x-echo", echo);
        if (incoming.url === "/whole") response.end(body);
        else if (incoming.url === "/gzip") response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(body));
        else if (incoming.url === "/br")
          response.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync(body));
        else {
          let at = 0;
          const next = (): void => {
            if (at >= body.length) response.end();
            else response.write(body.slice(at, (at += 7)), () => setImmediate(next));
          };
          next();
        }
      }),
    );
    for (const path of ["/whole", "/gzip", "/br", "/pieces"]) {
      const { text, headers, outcome } = await send(egress, provider.url + path);
      expect(text).toHaveLength(body.length);
      expect(text).toMatch(/^before [^*]*\*{20,}[^*]* after [^*]*\*{20,}[^*]*$/);
      expect(headers["x-echo"]).toMatch(/\*{20,}/);
      expect(headers["content-encoding"]).toBeUndefined();
      expect(JSON.stringify({ text, headers, outcome })).not.toContain(echo);
      expect(outcome).toMatchObject({ ok: true, scrubbed: 3 });
      if (path === "/whole") expect(headers["content-length"]).toBe(String(body.length));
    }
  });
});

describe("the answer is bounded", () => {
  const limited = testEgress({
    maxResponseBytes: 10_000,
    maxResponseHeaderBytes: 2_000,
    idleTimeoutMs: 200,
    headersTimeoutMs: 200,
  });
  afterAll(() => limited.close());

  test("a length over the limit is refused before anything is handed out", async () => {
    const provider = await provide(startProvider((_incoming, response) => response.end("x".repeat(10_001))));
    const { outcome, status } = await send(limited, provider.url);
    expect(outcome).toMatchObject({ ok: false, code: "response_too_large", started: false });
    expect(status).toBe(0);
  });

  test("an endless body ends at the limit, and the connection with it", async () => {
    const provider = await provide(
      startProvider((_incoming, response) => {
        const timer = setInterval(() => response.write(Buffer.alloc(1000)), 1);
        response.on("close", () => clearInterval(timer));
      }),
    );
    const { outcome, chunks } = await send(limited, provider.url);
    expect(outcome).toMatchObject({ ok: false, code: "response_too_large", started: true });
    expect(Buffer.concat(chunks).length).toBeLessThanOrEqual(10_000);
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test("a gzip bomb goes off outside, and its connection is destroyed", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    const provider = await provide(
      startProvider((_incoming, response) => void response.writeHead(200, { "content-encoding": "gzip" }).write(bomb)),
    );
    const { outcome } = await send(egress, provider.url);
    expect(outcome).toMatchObject({ ok: false, code: "response_too_large", started: true });
    await expect.poll(() => provider.sockets.size).toBe(0);
    const small = gzipSync(Buffer.alloc(10_001));
    const limitedProvider = await provide(
      startProvider((_incoming, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(small)),
    );
    expect((await send(limited, limitedProvider.url)).outcome).toMatchObject({ ok: false, code: "response_too_large" });
  });

  test.each(["compress", "gzip, gzip", "aes128gcm"])("content-encoding %s is refused", async (encoding) => {
    const provider = await provide(
      startProvider((_incoming, response) => void response.writeHead(200, { "content-encoding": encoding }).end("x")),
    );
    expect((await send(egress, provider.url)).outcome).toMatchObject({
      ok: false,
      code: "upstream_encoding_unsupported",
      started: false,
    });
    expect((await send(egress, provider.url, { method: "HEAD" })).outcome).toMatchObject({ ok: true });
  });

  test("silence before the headers", async () => {
    const provider = await provide(startProvider(() => undefined));
    expect((await send(limited, provider.url)).outcome).toMatchObject({
      ok: false,
      code: "upstream_timeout",
      started: false,
      retries: 0,
    });
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test("silence in the body", async () => {
    const provider = await provide(startProvider((_incoming, response) => void response.write("a")));
    expect((await send(limited, provider.url)).outcome).toMatchObject({
      ok: false,
      code: "upstream_timeout",
      started: true,
    });
  });

  test("drops that come in time are an answer", async () => {
    const provider = await provide(
      startProvider((_incoming, response) => {
        let count = 0;
        const timer = setInterval(
          () => (++count < 8 ? response.write(".") : (clearInterval(timer), response.end())),
          50,
        );
      }),
    );
    expect(await send(limited, provider.url)).toMatchObject({ outcome: { ok: true }, text: "......." });
  });
});

const PAIR = "HTTP/1.1 200 OK\r\n";
const MALFORMED: readonly (readonly [string, string, string, boolean])[] = [
  ["no HTTP", "hello\r\n\r\n", "upstream_protocol_error", false],
  ["a broken header", `${PAIR}bad header\r\n\r\n`, "upstream_protocol_error", false],
  ["a header name with a blank", `${PAIR}x a: 1\r\n\r\n`, "upstream_protocol_error", false],
  ["NUL in a value", `${PAIR}x: a\0b\r\n\r\n`, "upstream_protocol_error", false],
  ["two lengths", `${PAIR}content-length: 1\r\ncontent-length: 2\r\n\r\na`, "upstream_protocol_error", false],
  [
    "length and chunks",
    `${PAIR}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
    "upstream_protocol_error",
    false,
  ],
  ["a negative length", `${PAIR}content-length: -1\r\n\r\n`, "upstream_protocol_error", false],
  ["a bad chunk", `${PAIR}transfer-encoding: chunked\r\n\r\nzz\r\n`, "upstream_protocol_error", true],
  ["headers of 100 KB", `${PAIR}x: ${"a".repeat(100_000)}\r\n\r\n`, "upstream_protocol_error", false],
  ["10,000 headers", `${PAIR}${"x: abcdefgh\r\n".repeat(10_000)}\r\n`, "upstream_protocol_error", false],
  ["a flood of 1xx", "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000), "upstream_protocol_error", false],
  [
    "an upgrade nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "upstream_protocol_error",
    false,
  ],
  ["a 100 nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n", "upstream_protocol_error", false],
];

describe("a provider that breaks the rules", () => {
  test.each(MALFORMED)("%s", async (_name, answer, code, started) => {
    const provider = await provide(startRawProvider(answer));
    const { outcome } = await send(egress, provider.url, { method: "POST" });
    expect(outcome).toMatchObject({ ok: false, code, started });
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test.each<[string, string, boolean, string]>([
    ["at once", "", false, "upstream_unreachable"],
    ["in the headers", "HTTP/1.1 200 OK\r\ncontent-le", false, "upstream_unreachable"],
    ["in a body of known length", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", true, "upstream_protocol_error"],
    ["in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc", true, "upstream_protocol_error"],
    [
      "in gzip",
      `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n${gzipSync("hello").subarray(0, 15).toString("latin1")}`,
      true,
      "upstream_protocol_error",
    ],
  ])("closes %s", async (_name, answer, started, code) => {
    const provider = await provide(startRawProvider((socket) => void socket.end(answer, "latin1")));
    expect((await send(egress, provider.url, { method: "POST" })).outcome).toMatchObject({ ok: false, code, started });
  });

  test("resets in the middle of the body", async () => {
    const provider = await provide(
      startRawProvider(
        (socket) =>
          void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", () =>
            setTimeout(() => socket.resetAndDestroy(), 20),
          ),
      ),
    );
    expect((await send(egress, provider.url)).outcome).toMatchObject({
      ok: false,
      code: "upstream_unreachable",
      started: true,
      retries: 0,
    });
  });

  test("a body that ends with the connection is complete", async () => {
    const provider = await provide(startRawProvider((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nabc")));
    expect(await send(egress, provider.url)).toMatchObject({ outcome: { ok: true }, text: "abc" });
  });

  test("more than the length said is not part of the answer", async () => {
    const provider = await provide(
      startRawProvider(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
      ),
    );
    expect(await send(egress, provider.url)).toMatchObject({ outcome: { ok: true }, text: "ok" });
    expect(await send(egress, provider.url)).toMatchObject({ outcome: { ok: true }, text: "ok" });
  });

  test("nobody there", async () => {
    const gone = await startProvider(() => undefined);
    await gone.close();
    const { outcome } = await send(egress, `${gone.url}/x?api_key=${TOKEN}`, { method: "POST" });
    expect(outcome).toEqual({
      ok: false,
      code: "upstream_unreachable",
      detail: `no connection to ${gone.host} (ECONNREFUSED)`,
      started: false,
      begun: false,
      ...OK,
    });
  });
});

describe("aborting", () => {
  test("before anything happens", async () => {
    const provider = await provide(startProvider((_incoming, response) => response.end("ok")));
    const { outcome } = await send(egress, provider.url, {}, AbortSignal.abort());
    expect(outcome).toMatchObject({ ok: false, code: "client_closed", started: false });
    expect(provider.seen).toEqual([]);
  });

  test("while the provider thinks, and in the middle of the body: its connection goes at once", async () => {
    for (const path of ["/thinks", "/streams"]) {
      const provider = await provide(
        startProvider((_incoming, response) => void (path === "/streams" && response.write("a"))),
      );
      const controller = new AbortController();
      const sent = send(egress, provider.url + path, {}, controller.signal);
      await expect.poll(() => provider.seen.length).toBe(1);
      if (path === "/streams") await new Promise((resolve) => setTimeout(resolve, 20));
      expect(provider.sockets.size).toBe(1);
      controller.abort();
      expect((await sent).outcome).toMatchObject({ ok: false, code: "client_closed", started: path === "/streams" });
      await expect.poll(() => provider.sockets.size).toBe(0);
    }
  });

  test("while waiting for a connection: nothing is sent, and the connection stays", async () => {
    const narrow = testEgress({ connectionsPerOrigin: 1 });
    let finish = (): void => undefined;
    const provider = await provide(startProvider((_incoming, response) => void (finish = () => response.end("ok"))));
    const first = send(narrow, `${provider.url}/first`);
    await expect.poll(() => provider.seen.length).toBe(1);
    const controller = new AbortController();
    const second = send(narrow, `${provider.url}/second`, {}, controller.signal);
    controller.abort();
    expect((await second).outcome).toMatchObject({ ok: false, code: "client_closed" });
    finish();
    expect((await first).text).toBe("ok");
    const third = send(narrow, `${provider.url}/third`);
    await expect.poll(() => provider.seen.length).toBe(2);
    finish();
    expect((await third).text).toBe("ok");
    expect(provider.seen).toEqual(["GET /first", "GET /third"]);
    expect(provider.connections()).toBe(1);
    await narrow.close();
  });

  test("a body that breaks off", async () => {
    const provider = await provide(startProvider((incoming) => void incoming.resume()));
    const body = new Readable({ read() {} });
    body.push("half");
    const sent = send(egress, provider.url, { method: "POST", body, contentLength: 10 });
    await expect.poll(() => provider.seen.length).toBe(1);
    body.destroy(new Error("the caller went away"));
    expect((await sent).outcome).toMatchObject({ ok: false, code: "client_closed" });
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test.each([
    ["longer", "hello world", 5],
    ["shorter", "hello", 11],
  ])("a body that is %s than it was said to be", async (_name, text, contentLength) => {
    const provider = await provide(startProvider((incoming) => void incoming.resume()));
    const body = Readable.from([Buffer.from(text)], { objectMode: false });
    expect((await send(egress, provider.url, { method: "POST", body, contentLength })).outcome).toMatchObject({
      ok: false,
      code: "invalid_request",
    });
  });

  test("no listener stays on the signal", async () => {
    const provider = await provide(
      startProvider((incoming, response) =>
        incoming.url === "/bad" ? incoming.socket.destroy() : void response.end("ok"),
      ),
    );
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    for (const path of ["/", "/bad", "/"]) await send(egress, provider.url + path, { method: "POST" }, signal);
    expect(listeners).toBe(0);
  });
});

describe("the sink", () => {
  test.each(["onHeaders", "onData"] as const)("what %s throws comes out of send", async (where) => {
    const provider = await provide(startProvider((_incoming, response) => void response.write("ok")));
    const bug = new Error("a bug in the sink");
    const sink: EgressSink = {
      ...collectingSink(),
      [where]: () => {
        throw bug;
      },
    };
    await expect(egress.send(request(provider.url), sink, new AbortController().signal)).rejects.toBe(bug);
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test("server-sent events come one by one, at once", async () => {
    let emit = (_text: string): void => undefined;
    const provider = await provide(
      startProvider((_incoming, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        emit = (text) => void response.write(text);
        emit("data: 0\n\n");
      }),
    );
    const controller = new AbortController();
    const sink = collectingSink((chunk) => emit(`data: ${Number(chunk.toString().slice(6)) + 1}\n\n`));
    const sent = egress.send(request(provider.url), sink, controller.signal);
    await expect.poll(() => sink.chunks.length).toBeGreaterThan(20);
    expect(sink.chunks.slice(0, 3).map(String)).toEqual(["data: 0\n\n", "data: 1\n\n", "data: 2\n\n"]);
    controller.abort();
    expect(await sent).toMatchObject({ code: "client_closed", started: true });
  });

  test.each(["identity", "gzip"])("gets nothing while it waits (%s)", async (encoding) => {
    const body = Buffer.alloc(
      8 * 1024 * 1024,
      Array.from({ length: 997 }, (_, i) => String.fromCharCode(33 + ((i * i) % 90))).join(""),
    );
    const encoded = encoding === "gzip" ? gzipSync(body, { level: 0 }) : body;
    const provider = await provide(
      startProvider(
        (_incoming, response) => void response.writeHead(200, { "content-encoding": encoding }).end(encoded),
      ),
    );
    let bytes = 0;
    let tooMuch = 0;
    let waiting = false;
    let resume = (): void => undefined;
    const sink: EgressSink = {
      onHeaders: (_status, _headers, wake) => void (resume = wake),
      onData(chunk) {
        if (waiting) tooMuch += chunk.length;
        bytes += chunk.length;
        waiting = true;
        setImmediate(() => {
          waiting = false;
          resume();
        });
        return false;
      },
    };
    expect(await egress.send(request(provider.url), sink, new AbortController().signal)).toMatchObject({
      ok: true,
      responseBytes: body.length,
    });
    expect(bytes).toBe(body.length);
    expect(tooMuch).toBeLessThan(256 * 1024);
    resume();
  });
});

describe("closing", () => {
  test("waits for what is under way, takes nothing new", async () => {
    const own = testEgress();
    const provider = await provide(
      startProvider((_incoming, response) => void setTimeout(() => response.end("ok"), 30)),
    );
    const sent = send(own, provider.url);
    await expect.poll(() => provider.seen.length).toBe(1);
    const closing = own.close();
    expect((await send(own, provider.url)).outcome).toMatchObject({ ok: false, code: "shutting_down" });
    expect((await sent).text).toBe("ok");
    await closing;
    await expect.poll(() => provider.sockets.size).toBe(0);
  });
});
