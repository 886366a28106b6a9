import type { IncomingMessage, RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { exchange, type ExchangeOutcome, type ExchangeRequest } from "./exchange.ts";
import { startProvider, startRawProvider, testEgress, TOKEN, type Provider } from "./test-support.ts";

const egress = testEgress();
const providers: Provider[] = [];
const provide = async (starting: Promise<Provider>): Promise<Provider> => {
  const provider = await starting;
  providers.push(provider);
  return provider;
};
const answering = (listener: RequestListener): Promise<Provider> => provide(startProvider(listener));
afterEach(async () => {
  await Promise.all(providers.splice(0).map((provider) => provider.close()));
});
afterAll(() => egress.close());

const ask = (url: string, fields: Partial<ExchangeRequest> = {}): Promise<ExchangeOutcome> =>
  exchange(egress, {
    method: "POST",
    url: new URL(url),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=refresh_token",
    signal: AbortSignal.timeout(5000),
    ...fields,
  });
const bodyOf = async (incoming: IncomingMessage): Promise<string> => Buffer.concat(await incoming.toArray()).toString();

describe("exchange", () => {
  test("sends what it is given and gives back the whole answer, tokens and all", async () => {
    const seen: unknown[] = [];
    const provider = await answering((incoming, response) => {
      void bodyOf(incoming).then((body) => {
        const { authorization, "content-type": type, "content-length": length } = incoming.headers;
        seen.push({ method: incoming.method, authorization, type, length, body });
        response.writeHead(200, { "content-type": "application/json; charset=utf-8", "x-oauth-scopes": "repo" });
        response.write('{"access_token":');
        response.end(`"${TOKEN}","name":"Ada Ëxample"}`);
      });
    });
    const outcome = await ask(`${provider.url}/token`, {
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: "Basic ZmFrZTpmYWtl" },
    });
    expect(outcome).toMatchObject({
      ok: true,
      status: 200,
      contentType: "application/json; charset=utf-8",
      headers: { "x-oauth-scopes": "repo" },
      body: `{"access_token":"${TOKEN}","name":"Ada Ëxample"}`,
    });
    expect(seen).toEqual([
      {
        method: "POST",
        authorization: "Basic ZmFrZTpmYWtl",
        type: "application/x-www-form-urlencoded",
        length: "24",
        body: "grant_type=refresh_token",
      },
    ]);
  });

  test("an error status is an answer, and a POST is not repeated for it", async () => {
    const provider = await answering((_incoming, response) => response.writeHead(503).end("busy"));
    expect(await ask(provider.url)).toMatchObject({ ok: true, status: 503, contentType: undefined, body: "busy" });
    expect(provider.seen).toHaveLength(1);
  });

  test("a GET has no body, and an empty answer is one", async () => {
    const provider = await answering((_incoming, response) => response.writeHead(204).end());
    const outcome = await ask(`${provider.url}/refresh?grant_type=x`, { method: "GET", headers: {}, body: null });
    expect(outcome).toMatchObject({ ok: true, status: 204, body: "" });
    expect(provider.seen).toEqual(["GET /refresh?grant_type=x"]);
  });

  test("a compressed answer is read", async () => {
    const provider = await answering((_incoming, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"ok":true}')),
    );
    expect(await ask(provider.url)).toMatchObject({ ok: true, body: '{"ok":true}' });
  });

  test.each(["/elsewhere", "https://other.example/token"])("a redirect to %s is refused", async (location) => {
    const provider = await answering((_incoming, response) => response.writeHead(307, { location }).end());
    expect(await ask(provider.url)).toMatchObject({ ok: false, code: "redirect_refused" });
    expect(provider.seen).toHaveLength(1);
  });

  test.each([
    ["said", { "content-length": "2000" }],
    ["sent", {}],
  ])("an answer that is over the limit as %s is refused, and the connection is gone", async (_how, headers) => {
    const provider = await answering((_incoming, response) => {
      response.writeHead(200, headers);
      response.write("x".repeat(1500));
    });
    expect(await ask(provider.url, { maxBytes: 1000 })).toEqual({
      ok: false,
      code: "response_too_large",
      detail: `the answer of ${provider.host} is over 1000 bytes`,
    });
    await expect.poll(() => provider.sockets.size).toBe(0);
  });

  test("an answer of just the limit is taken", async () => {
    const provider = await answering((_incoming, response) => response.end("x".repeat(1000)));
    expect(await ask(provider.url, { maxBytes: 1000 })).toMatchObject({ ok: true, body: "x".repeat(1000) });
  });

  test("who does not answer, or not to the end, in time", async () => {
    const silent = await answering(() => undefined);
    const slow = await answering((_incoming, response) => response.write("{"));
    for (const provider of [silent, slow]) {
      expect(await ask(provider.url, { signal: AbortSignal.timeout(50) })).toEqual({
        ok: false,
        code: "upstream_timeout",
        detail: `${provider.host} did not answer in time`,
      });
      await expect.poll(() => provider.sockets.size).toBe(0);
    }
  });

  test("who is told to stop, stops", async () => {
    const silent = await answering(() => stop.abort());
    const stop = new AbortController();
    expect(await ask(silent.url, { signal: stop.signal })).toMatchObject({ ok: false, code: "client_closed" });
    await expect.poll(() => silent.sockets.size).toBe(0);
  });

  test("who is not there, or speaks nonsense", async () => {
    const gone = await answering(() => undefined);
    await gone.close();
    expect(await ask(gone.url)).toMatchObject({ ok: false, code: "upstream_unreachable" });
    const nonsense = await provide(startRawProvider("SMTP ready\r\n\r\n"));
    expect(await ask(nonsense.url)).toMatchObject({ ok: false, code: "upstream_protocol_error" });
    expect(nonsense.seen).toHaveLength(1);
  });

  test("an address of the inside is not asked", async () => {
    expect(await ask("https://10.0.0.1/token")).toMatchObject({ ok: false, code: "target_address_forbidden" });
  });
});
