import { afterEach, describe, expect, test, vi } from "vitest";
import { contextToWire, currentContext, mergeContext, withContext } from "./context.ts";
import { AlterValueError } from "./errors.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("withContext", () => {
  test("nests, the inner one wins, and ends with its function", async () => {
    await withContext({ runId: "r1", threadId: "t1", context: { step: "plan" } }, async () => {
      await Promise.resolve();
      withContext({ threadId: "t2", toolCallId: "c1" }, () => {
        expect(currentContext()).toEqual({ run_id: "r1", thread_id: "t2", tool_call_id: "c1", step: "plan" });
      });
      expect(currentContext()).toEqual({ run_id: "r1", thread_id: "t1", step: "plan" });
    });
    expect(currentContext()).toEqual({});
  });

  test("gives back what the function gives back", () => {
    expect(withContext({}, () => 7)).toBe(7);
  });

  test("another copy of the package sees the same context", async () => {
    withContext({}, () => undefined);
    vi.resetModules();
    const copy = await import("./context.ts");
    withContext({ runId: "r1" }, () => expect(copy.currentContext()).toEqual({ run_id: "r1" }));
  });

  test("cannot be changed through what currentContext gives out", () => {
    withContext({ runId: "r1" }, () => {
      Object.assign(currentContext(), { run_id: "forged" });
      expect(currentContext()).toEqual({ run_id: "r1" });
    });
  });

  test("says so where there is no AsyncLocalStorage", async () => {
    const scope = Symbol.for("@alter-vault/sdk/context-scope");
    const kept = Object.getOwnPropertyDescriptor(globalThis, scope);
    Reflect.deleteProperty(globalThis, scope);
    vi.stubGlobal("process", undefined);
    try {
      expect(() => withContext({ runId: "r" }, () => 1)).toThrow(/needs AsyncLocalStorage/);
      expect(currentContext()).toEqual({});
    } finally {
      if (kept !== undefined) Object.defineProperty(globalThis, scope, kept);
    }
  });
});

describe("what a context may hold", () => {
  test.each([
    [{ context: { toolName: "x" } }, /not snake_case/],
    [{ context: { "": "x" } }, /not snake_case/],
    [{ context: { step: 7 } }, /"step" must be a text/],
    [{ runId: "x".repeat(513) }, /"run_id" must be a text/],
    [{ context: "plan" }, /"context" must be an object/],
  ])("%j is refused", (context, message) => {
    const act = (): unknown => contextToWire(context as Parameters<typeof contextToWire>[0]);
    expect(act).toThrow(AlterValueError);
    expect(act).toThrow(message);
  });

  test("an unknown name is refused", () => {
    expect(() => withContext({ run_id: "r" } as object, () => 1)).toThrow('Did you mean "runId"?');
  });

  test("at most 32 names", () => {
    const layer = (from: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`n${from + i}`, "x"]));
    expect(() => mergeContext([layer(0), layer(16)], () => "r")).toThrow(AlterValueError);
    expect(Object.keys(mergeContext([layer(0)], () => "r"))).toHaveLength(17);
  });
});
