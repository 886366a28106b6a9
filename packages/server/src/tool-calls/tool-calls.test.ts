import { expect, test } from "vitest";
import type { CheckedCall } from "../check-call.ts";
import type { EgressOutcome, EgressSink } from "../egress/egress.ts";
import type { HeaderBag } from "../egress/response-headers.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { StorageUnavailable, type Store } from "../store/store.ts";
import { createToolCalls, type ToolCalls } from "./tool-calls.ts";

/* What happens when the storage fails, at each of its calls. The whole way of a call is in test/e2e/tool-calls.test.ts. */
const keyring = {
  sealOwned: async (_context: unknown, plain: Uint8Array) => Buffer.from(plain),
  openOwned: (_context: unknown, sealed: Uint8Array) => ({ ok: true, plain: Buffer.from(sealed) }),
};
const clock = { now: () => 1_000, monotonic: () => 0 };
const checked = {
  envelope: { method: "POST", context: { thread_id: "t", tool_call_id: "c" }, headers: [] },
  url: new URL("https://api.example/"),
  grant: { id: "g" },
  claim: { kind: "sha-256", value: "digest" },
} as unknown as CheckedCall;

function failing(store: Store, name: keyof Store): Store {
  const fail = () => Promise.reject(new StorageUnavailable("full"));
  return new Proxy(store, { get: (target, key) => (key === name ? fail : Reflect.get(target, key)) });
}

interface Heard {
  readonly sink: EgressSink;
  readonly statuses: number[];
  readonly bodies: string[];
}

function listening(): Heard {
  const statuses: number[] = [];
  const bodies: string[] = [];
  const sink: EgressSink = {
    onHeaders: (status) => void statuses.push(status),
    onData: (chunk) => bodies.push(chunk.toString()) > 0,
  };
  return { sink, statuses, bodies };
}

function callOn(store: Store): { once: () => ReturnType<ToolCalls["once"]>; heard: Heard; sent: () => number } {
  const heard = listening();
  let sent = 0;
  const toolCalls = createToolCalls({ store, keyring: keyring as never, clock });
  const send = async (sink: EgressSink): Promise<EgressOutcome> => {
    sent++;
    sink.onHeaders(200, { "content-type": "text/plain" } satisfies HeaderBag, () => undefined);
    sink.onData(Buffer.from("made"));
    const counts = { retries: 0, redirects: 0, requestBytes: 0, responseBytes: 4, scrubbed: 0 };
    return { ok: true, status: 200, ...counts };
  };
  const call = { appId: "a", requestId: "r", index: "0", checked };
  return { once: () => toolCalls.once(call, heard.sink, send), heard, sent: () => sent };
}

test("a call that cannot be claimed is not sent", async () => {
  const { once, heard, sent } = callOn(failing(openSqliteStore(":memory:"), "claimToolCall"));
  expect(await once()).toMatchObject({ ok: false, code: "storage_unavailable" });
  expect([sent(), heard.statuses]).toEqual([0, []]);
});

test("an answer that cannot be recorded still goes to the caller, and the call is not made again", async () => {
  const store = openSqliteStore(":memory:");
  const { once, heard } = callOn(failing(store, "settleToolCall"));
  expect(await once()).toMatchObject({ ok: true, status: 200 });
  expect([heard.statuses, heard.bodies]).toEqual([[200], ["made"]]);
  const again = callOn(store);
  expect(await again.once()).toMatchObject({ ok: false, code: "tool_call_outcome_unknown" });
  expect(again.sent()).toBe(0);
  const beside = callOn({ ...store, isCallUnderWay: async () => true });
  expect(await beside.once()).toMatchObject({ ok: false, code: "tool_call_in_progress" });
  expect(beside.sent()).toBe(0);
});

test("an answer that cannot be found any more is not made again", async () => {
  const store = openSqliteStore(":memory:");
  await callOn(store).once();
  const again = callOn({ ...store, findToolCallAnswer: async () => null });
  expect(await again.once()).toMatchObject({ ok: false, code: "tool_call_done" });
  expect(again.sent()).toBe(0);
  expect(await callOn(store).once()).toMatchObject({ ok: true, replayed: true });
});
