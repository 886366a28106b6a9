import { policy, rule } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { diffPolicies } from "./diff-policies.ts";

test("says what was added, removed and changed, whatever the order", () => {
  const stays = rule("stays")
    .when({ method: ["GET"], mode: "proxy" })
    .deny();
  const before = policy({ rules: [rule("goes").deny(), stays, rule("changes").deny("One")] });
  const after = policy({
    holidays: { berlin: ["2026-12-25"] },
    rules: [
      rule("changes").deny("Two"),
      rule("comes").deny(),
      rule("stays")
        .when({ mode: "proxy", method: ["GET"] })
        .deny(),
    ],
  });
  expect(diffPolicies(before, after).map(({ kind, what }) => `${kind} ${what}`)).toEqual([
    "changed rule changes",
    "added rule comes",
    "removed rule goes",
    "added holidays berlin",
  ]);
  expect(diffPolicies(after, after)).toEqual([]);
});
