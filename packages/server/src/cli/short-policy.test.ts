import { PolicyDocument, policy, rule } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rulesArbitrary } from "../policy/arbitraries.test-support.ts";
import { shortPolicy } from "./short-policy.ts";

test("leaves out what goes without saying", () => {
  const document = policy({ rules: [rule("big").requireApproval({ approvers: { operator: true } })] });
  expect(shortPolicy(document)).toEqual({
    rules: [
      {
        id: "big",
        name: "big",
        scope: { app: true },
        effect: { type: "require_approval", approvers: { operator: true } },
      },
    ],
  });
});

test("read again it is the same", () => {
  const rules = rulesArbitrary({ minLength: 0, maxLength: 4 });
  fc.assert(
    fc.property(rules, fc.boolean(), (some, enabled) => {
      const document = PolicyDocument.parse({
        holidays: { match: ["2026-12-25"] },
        rules: some.map((one) => ({ ...one, enabled })),
      });
      expect(PolicyDocument.parse(shortPolicy(document))).toEqual(document);
    }),
    { numRuns: 300 },
  );
});
