import { encodeJsonHeader } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { readEnvelope } from "./read-envelope.ts";

const minimal = { "alter-method": "GET", "alter-target": "https://a.example/" };

test("a call with everything", () => {
  const read = readEnvelope({
    ...minimal,
    "alter-provider": "demo",
    "alter-account": encodeJsonHeader("Zoë"),
    "alter-reason": encodeJsonHeader("weil \n es sein muss"),
    "alter-params": encodeJsonHeader({ path: { id: "ü" }, query: [["q", "1"]] }),
    "alter-headers": encodeJsonHeader([["accept", "text/plain"]]),
    "alter-caller": encodeJsonHeader({ type: "service", identifier: "bot" }),
    "alter-context": encodeJsonHeader({ run_id: "r", thread_id: "t" }),
    "alter-redirect": "manual",
    "x-other": "ignored",
  });
  expect(read).toMatchObject({
    ok: true,
    envelope: {
      account: "Zoë",
      reason: "weil \n es sein muss",
      params: { path: { id: "ü" }, query: [["q", "1"]] },
      headers: [["accept", "text/plain"]],
      caller: { type: "service", identifier: "bot" },
      context: { run_id: "r", thread_id: "t" },
      redirect: "manual",
    },
  });
});

test.each<[string, Record<string, string>, string]>([
  ["no method", { "alter-target": "https://a.example/" }, "alter-method"],
  ["an unknown method", { ...minimal, "alter-method": "TRACE" }, "alter-method"],
  ["a method in lower case", { ...minimal, "alter-method": "get" }, "alter-method"],
  ["no target", { "alter-method": "GET" }, "alter-target"],
  ["a grant that is not an id", { ...minimal, "alter-grant": "1" }, "alter-grant"],
  ["broken JSON", { ...minimal, "alter-context": "{" }, "alter-context"],
  ["JSON of the wrong form", { ...minimal, "alter-context": '{"run_id":1}' }, "alter-context.run_id"],
  ["an unknown caller member", { ...minimal, "alter-caller": '{"type":"agent","admin":true}' }, "alter-caller"],
  [
    "a context name that could be something else",
    { ...minimal, "alter-context": '{"__proto__x":"1"}' },
    "alter-context.__proto__x",
  ],
  ["too long a reason", { ...minimal, "alter-reason": JSON.stringify("x".repeat(1001)) }, "alter-reason"],
])("%s is named by its header", (_name, headers, path) => {
  const read = readEnvelope(headers);
  expect(read.ok).toBe(false);
  if (!read.ok) {
    expect(read.code).toBe("invalid_request");
    expect(read.details.issues?.map((issue) => issue.path)).toContain(path);
  }
});
