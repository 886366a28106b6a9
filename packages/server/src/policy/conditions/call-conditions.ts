import type { ProxyMethod } from "@alter-vault/protocol";
import type { Access } from "../facts.ts";
import { listed, unanswerable, type Condition } from "./condition.ts";
import type { Part } from "./conditions.ts";
import { anyMatcher } from "./text-pattern.ts";

const UNCLEAR_METHOD = "something in the query may stand for another method";

export function methodCondition(methods: readonly ProxyMethod[]): Condition {
  const wanted = new Set(methods);
  return {
    name: "method",
    expected: listed(methods),
    test: ({ method }) => (method === null ? unanswerable(UNCLEAR_METHOD) : wanted.has(method)),
    actual: ({ method }) => method ?? UNCLEAR_METHOD,
  };
}

export function operationCondition(operations: readonly string[]): Condition {
  const matches = anyMatcher(operations);
  return {
    name: "operation",
    expected: listed(operations),
    test({ operation, method }) {
      if (method === null) return unanswerable(UNCLEAR_METHOD);
      return operation !== null && matches(operation);
    },
    actual: ({ operation }) => operation ?? "none that the catalogue names",
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
