import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startRawUpstream, startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";
import { startVaultProcess, type VaultProcess } from "../harness/vault-process.ts";
import { AlterVault } from "@alter-vault/sdk";

const TOKEN = "fake-token-streaming-0123456789";
const MIB = 1024 * 1024;
const SIZE = 1024 * MIB;

let vault: TestVault;
const upstreams: Upstream[] = [];
const keep = async (upstream: Promise<Upstream>): Promise<Upstream> => {
  upstreams.push(await upstream);
  return upstream;
};
beforeAll(async () => {
  vault = await startTestVault();
});
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) await upstream.close();
});
afterAll(() => vault.stop());

describe("a gigabyte in constant memory", () => {
  let child: VaultProcess;
  beforeAll(async () => {
    child = await startVaultProcess();
  });
  afterAll(() => child.stop());

  async function growth(work: (sdk: AlterVault) => Promise<void>): Promise<number> {
    const sdk = new AlterVault({ apiKey: child.apiKey, baseUrl: child.url, timeout: 120_000 });
    const before = child.residentBytes();
    let peak = before;
    const watch = setInterval(() => (peak = Math.max(peak, child.residentBytes())), 50);
    await work(sdk).finally(() => clearInterval(watch));
    await sdk.close();
    return peak - before;
  }

  test("upload", async () => {
    let received = 0;
    const upstream = await keep(
      startRawUpstream((request, response) => {
        request.on("data", (chunk: Buffer) => (received += chunk.length));
        request.on("end", () => response.end("done"));
      }),
    );
    const grantId = await child.bearer(TOKEN, upstream.origin);
    const grew = await growth(async (sdk) => {
      const chunk = new Uint8Array(MIB);
      let left = SIZE / MIB;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(chunk);
          else controller.close();
        },
      });
      const response = await sdk.request("PUT", `${upstream.origin}/big`, { grantId, body });
      expect(await response.text()).toBe("done");
    });
    expect(received).toBe(SIZE);
    expect(grew).toBeLessThan(96 * MIB);
  });

  test("download", async () => {
    const upstream = await keep(
      startRawUpstream((_request, response) => {
        response.writeHead(200, { "content-length": SIZE });
        const chunk = Buffer.alloc(MIB, "x");
        let left = SIZE / MIB;
        const write = (): void => {
          while (left > 0) {
            left--;
            if (!response.write(chunk)) return void response.once("drain", write);
          }
          response.end();
        };
        write();
      }),
    );
    const grantId = await child.bearer(TOKEN, upstream.origin);
    let received = 0;
    const grew = await growth(async (sdk) => {
      const response = await sdk.request("GET", `${upstream.origin}/big`, { grantId });
      for await (const chunk of response.body ?? []) received += chunk.length;
    });
    expect(received).toBe(SIZE);
    expect(grew).toBeLessThan(96 * MIB);
  });
});

test("server-sent events arrive as they are sent", async () => {
  const release: (() => void)[] = [];
  const upstream = await keep(
    startRawUpstream((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      release.push(
        () => response.write("data: two\n\n"),
        () => response.end("data: three\n\n"),
      );
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const response = await vault.sdk().request("GET", `${upstream.origin}/events`, { grantId });
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  expect((await reader.read()).value).toBe("data: one\n\n");
  release.shift()?.();
  expect((await reader.read()).value).toBe("data: two\n\n");
  release.shift()?.();
  expect((await reader.read()).value).toBe("data: three\n\n");
  expect((await reader.read()).done).toBe(true);
});

test("a caller who leaves ends the call at the provider", async () => {
  const ended: Promise<unknown>[] = [];
  const upstream = await keep(
    startRawUpstream((_request, response) => {
      ended.push(once(response, "close"));
      response.writeHead(200).write("first");
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const leave = new AbortController();
  const response = await vault.sdk().request("GET", `${upstream.origin}/slow`, { grantId, signal: leave.signal });
  expect(response.status).toBe(200);
  const left = performance.now();
  leave.abort();
  await ended[0];
  expect(performance.now() - left).toBeLessThan(1_000);
  expect(await vault.lastEntry()).toMatchObject({ outcome: "client_closed", outcome_code: "client_closed" });
});

test("a caller who leaves before the answer does so too", async () => {
  const ended: Promise<unknown>[] = [];
  const upstream = await keep(
    startRawUpstream((request) => {
      ended.push(once(request.socket, "close"));
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const call = vault.sdk().request("GET", `${upstream.origin}/never`, { grantId, timeout: 200 });
  await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
  await ended[0];
  expect(await vault.lastEntry()).toMatchObject({ outcome: "client_closed" });
});

test("an answer that breaks off is seen to break off", async () => {
  const upstream = await keep(
    startRawUpstream((_request, response) => {
      response.writeHead(200, { "content-length": 100 }).write("only this");
      setTimeout(() => response.destroy(), 20);
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const response = await vault.sdk().request("GET", `${upstream.origin}/broken`, { grantId });
  await expect(response.text()).rejects.toThrow();
  expect(await vault.lastEntry()).toMatchObject({ outcome: "vault_error" });
});

test("the credential is taken out of an answer, also when it comes in pieces, encoded, and in a header", async () => {
  const upstream = await keep(
    startUpstream(async (call, response) => {
      const token = call.headers.authorization?.slice("Bearer ".length) ?? "";
      response.writeHead(200, { "x-echo": token, "content-type": "text/plain" });
      for (const piece of [token.slice(0, 5), token.slice(5, 20), `${token.slice(20)} | `]) {
        response.write(piece);
        await sleep(5);
      }
      response.end(`${Buffer.from(token).toString("base64")} | ${encodeURIComponent(token)} | end`);
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const response = await vault.sdk().request("GET", `${upstream.origin}/echo`, { grantId });
  const text = await response.text();
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(Buffer.from(TOKEN).toString("base64").slice(4, 20));
  expect(text).toMatch(/^\*+ \| \*+.* \| \*+ \| end$/);
  expect(response.headers.get("x-echo")).toBe("*".repeat(TOKEN.length));
  expect((await vault.lastEntry()).scrubbed).toBeGreaterThanOrEqual(3);
});

test("a large signed body that was changed on the way never reaches the provider whole", async () => {
  let complete = false;
  const upstream = await keep(
    startRawUpstream((request, response) => {
      request.resume();
      request.on("end", () => {
        complete = true;
        response.end("accepted");
      });
    }),
  );
  const grantId = await vault.bearer(TOKEN, [upstream.origin]);
  const { rawCall, getThrough } = await import("../harness/raw-call.ts");
  const body = Buffer.alloc(2 * MIB, "a");
  const answer = await rawCall(vault.url, vault.apiKey, {
    alter: { ...getThrough(grantId, `${upstream.origin}/upload`), "alter-method": "PUT" },
    body,
    tamper: (message) => {
      const changed = Buffer.from(body);
      changed[body.length - 1] = 98;
      message.body = changed;
    },
  });
  expect(answer.problem?.code).toBe("digest_mismatch");
  expect(complete).toBe(false);
  expect(await vault.lastEntry()).toMatchObject({ outcome: "vault_error", outcome_code: "digest_mismatch" });
});
