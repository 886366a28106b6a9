import type { ProxyMethod } from "@alter-vault/protocol";
import type { Access } from "../facts.ts";
import { listed, unanswerable, type Condition } from "./condition.ts";
import type { Part } from "./conditions.ts";
import { anyMatcher } from "./text-pattern.ts";

const UNCLEAR_METHOD = "the call may stand for others, with another method";

export function methodCondition(methods: readonly ProxyMethod[]): Condition {
  const wanted = new Set(methods);
  return {
    name: "method",
    expected: listed(methods),
    test: ({ method }) => (method === null ? unanswerable(UNCLEAR_METHOD) : wanted.has(method)),
    actual: ({ method }) => method ?? UNCLEAR_METHOD,
  };
}

export const UNCLEAR_PATH = "the path can be read in more than one way, or carries other calls";

/** What a generous server may take a call for is enough to forbid it, and not enough to exempt it. */
export function operationCondition(operations: readonly string[], part: Part): Condition {
  const matches = anyMatcher(operations);
  return {
    name: "operation",
    expected: listed(operations),
    test({ operation, foldedOperation, method, path }) {
      if (method === null) return unanswerable(UNCLEAR_METHOD);
      if (path === null) return unanswerable(UNCLEAR_PATH);
      const named = part === "when" ? foldedOperation : operation;
      return named !== null && matches(named);
    },
    actual: ({ operation, foldedOperation }) =>
      operation ?? (foldedOperation === null ? "none that the catalogue names" : `perhaps ${foldedOperation}`),
  };
}

export function accessCondition(classes: readonly Access[], part: Part): Condition {
  const has = (access: Access): boolean => classes.includes(access);
  return {
    name: "access",
    expected: listed(classes),
    test: ({ access }) => (part === "when" ? access.some(has) : access.every(has)),
    actual: ({ access }) => access.join(" or "),
  };
}
