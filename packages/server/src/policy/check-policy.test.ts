import { policy, rule } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { checkPolicy } from "./check-policy.ts";

const free = (text: string) => policy({ cedar: [{ id: "c", name: "C", scope: { app: true }, policy: text }] });
const messages = (text: string): string =>
  checkPolicy(free(text))
    .map(({ message }) => message)
    .join("\n");

test("a range must be one", () => {
  const from = (range: string) =>
    policy({
      rules: [
        rule("a")
          .unless({ source_ip: ["10.0.0.0/8", range] })
          .deny(),
      ],
    });
  for (const range of ["10.0.0.0/33", "10.0.0.1/8", "10.0.0", "2001:db8::1/32", "::10.0.0.0/104", "::ffff:10.0.0.0/8"])
    expect(checkPolicy(from(range)), range).toMatchObject([{ path: "rules.0.unless.source_ip.1" }]);
  for (const range of ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "::/0", "2001:db8::/32", "::ffff:10.0.0.0/104"])
    expect(checkPolicy(from(range)), range).toEqual([]);
});

test.each([
  ["that is not Cedar", "forbid everything", "unexpected token"],
  ["that allows", "permit (principal, action, resource);", "can only forbid"],
  ["that is empty", "// nothing", "no policy"],
  ["that is a template", "forbid (principal == ?principal, action, resource);", "templates"],
  ["with an attribute nobody knows", "forbid (principal, action, resource) when { context.nothing == 1 };", "nothing"],
  ["with the wrong type", 'forbid (principal, action, resource) when { context.port == "80" };', "types"],
  [
    "that looks at what may be missing",
    'forbid (principal, action, resource) when { context.method == "GET" };',
    "optional attribute",
  ],
  [
    "that looks up a field by a value",
    "forbid (principal, action, resource) when { context.body.hasTag(context.host) };",
    "by a literal",
  ],
  ["that takes the whole context", "forbid (principal, action, resource) when { context == context };", "as a whole"],
  [
    "whose field is no pointer",
    'forbid (principal, action, resource) when { context.body.hasTag("amount") };',
    "no JSON pointer",
  ],
  [
    "that asks for the vault's own answers",
    'forbid (principal, action, resource) when { context.answers.hasTag("x") };',
    "answers",
  ],
])("Cedar %s cannot be published", (_name, text, problem) => {
  expect(messages(text)).toContain(problem);
});
