import { expect, test } from "vitest";
import { findBoundaryViolations, violationsOf } from "../scripts/boundaries.ts";

test("every import and every impure call is where it belongs", () => {
  expect(findBoundaryViolations(new URL("..", import.meta.url).pathname)).toEqual([]);
});

test.each([
  ["packages/protocol/src/x.ts", 'import { a } from "@alter-vault/sdk";'],
  ["packages/sdk/src/x.ts", 'import { a } from "@alter-vault/server";'],
  ["packages/langchain/src/x.ts", 'import { a } from "@alter-vault/ai";'],
  ["packages/express/src/x.ts", 'import { a } from "@alter-vault/server";'],
  ["packages/server/src/x.ts", 'import { a } from "@alter-vault/sdk";'],
  ["packages/server/src/inject/x.ts", 'import { a } from "../store/store.ts";'],
  ["packages/server/src/policy/x.ts", 'import { a } from "../store/sqlite/log.ts";'],
  ["packages/server/src/policy/x.ts", "const at = Date.now();"],
  ["packages/server/src/crypto/x.ts", 'import { randomBytes } from "node:crypto";'],
  ["packages/server/src/http/x.ts", "await fetch(url)"],
  ["packages/sdk/src/x.ts", 'import { request } from "undici";'],
  ["packages/server/src/http/x.ts", "process.env.SECRET"],
  ["packages/ai/src/index.ts", 'export * from "./x.ts";'],
  ["packages/ai/src/index.ts", "console.log(1)"],
])("%s: %s is noticed", (file, text) => {
  expect(violationsOf(file, text)).toHaveLength(1);
});
