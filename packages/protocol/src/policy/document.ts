import { z } from "zod";
import { Conditions } from "./conditions.ts";
import { Effect } from "./effects.ts";
import { Holidays } from "./time-window.ts";

export const SCOPE_KINDS = ["app", "provider", "grant", "secret", "agent", "user", "group"] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

const id = z.string().min(1).max(320);

/** What a rule is about: exactly one thing. `{ app: true }` is every call of the app. */
export const RuleScope = z.union(
  [
    z.strictObject({ app: z.literal(true) }),
    z.strictObject({ provider: id }),
    z.strictObject({ grant: id }),
    z.strictObject({ secret: id }),
    z.strictObject({ agent: id }),
    z.strictObject({ user: id }),
    z.strictObject({ group: id }),
  ],
  { error: `names exactly one of ${SCOPE_KINDS.join(", ")}` },
);
export type RuleScope = z.infer<typeof RuleScope>;

const ruleId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, "is lower case, digits, dots and dashes");

const described = {
  id: ruleId,
  name: z.string().trim().min(1).max(200),
  description: z.string().max(2000).optional(),
  enabled: z.boolean().default(true),
  scope: RuleScope,
};

/**
 * A structured rule: to calls of its scope for which all of `when` holds, and `unless` does not, it does `effect`. It can
 * only take away from what the vault allows anyway. A rule that cannot be evaluated denies.
 */
export const Rule = z.strictObject({
  ...described,
  effect: Effect,
  when: Conditions.default({}),
  unless: Conditions.refine(
    (value) => Object.keys(value).length > 0,
    "is empty: the rule would never apply",
  ).optional(),
});
export type Rule = z.infer<typeof Rule>;

/** A rule written freely in Cedar: `forbid` policies alone, checked against the vault's schema when it is published. */
export const CedarRule = z.strictObject({ ...described, policy: z.string().min(1).max(20_000) });
export type CedarRule = z.infer<typeof CedarRule>;

/** All rules of an app: what is drafted, published, compared and rolled back as one. */
export const PolicyDocument = z
  .strictObject({
    /** The version of the format, not of the policy. */
    format: z.literal(1).default(1),
    holidays: Holidays.default({}),
    rules: z.array(Rule).max(20_000).default([]),
    cedar: z.array(CedarRule).max(2_000).default([]),
  })
  .superRefine(({ rules, cedar, holidays }, ctx) => {
    const seen = new Set<string>();
    const once = (id: string, path: (string | number)[]): void => {
      if (seen.has(id)) ctx.addIssue({ code: "custom", path, message: `there is another rule "${id}"` });
      seen.add(id);
    };
    rules.forEach((rule, index) => {
      once(rule.id, ["rules", index, "id"]);
      for (const part of ["when", "unless"] as const) {
        for (const name of (rule[part]?.time ?? []).flatMap((window) => window.except_holidays ?? [])) {
          if (!Object.hasOwn(holidays, name))
            ctx.addIssue({
              code: "custom",
              path: ["rules", index, part, "time"],
              message: `there is no holiday list "${name}"`,
            });
        }
      }
    });
    cedar.forEach(({ id }, index) => once(id, ["cedar", index, "id"]));
  });
export type PolicyDocument = z.infer<typeof PolicyDocument>;
export type PolicyDocumentInput = z.input<typeof PolicyDocument>;
