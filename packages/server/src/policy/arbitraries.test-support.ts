import { PolicyRequest, Rule } from "@alter-vault/protocol";
import fc from "fast-check";

/** Calls and rules out of a small vocabulary, so that they often meet. */
const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const several = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;
const IDS = ["one", "two", "three"] as const;
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] as const;
const WORDS = ["a", "A", "b", "é", "e\u0301", '"', "*", "\\", "1", "1.0", "-5", "true", "null", "", "a*b"] as const;

const scalar = fc.oneof(some<string | number | boolean | null>(...WORDS, 1, 2.5, -5, 1e21, true, false, null));
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ a: scalar }, { requiredKeys: [] }) },
);

const path = some(
  "/",
  "/a",
  "/a/b",
  "/a/b/",
  "/a/%62",
  "/a/%2562",
  "//a",
  "/a;x",
  "/%C3%A9",
  "/e%CC%81",
  "/a/*",
  "/a/b/c",
  '/a/"',
  "/A/b",
  "/a/B.json",
  "/a/$batch",
  "/a.",
);
const query = some(
  "",
  "?q=a",
  "?q=A&q=b",
  "?q=1",
  "?q=1.0",
  "?q=%C3%A9",
  "?_method=PUT",
  "?q=%ff",
  "?q=",
  "?r=a",
  "?q=a*b",
  "?Q=a",
  "?q=a&q=a",
  '?q="',
);

/** Around changes of daylight saving, midnights and ordinary hours. */
const moment = fc
  .tuple(
    some(
      "2026-03-29T01:00:00Z",
      "2026-10-25T01:00:00Z",
      "2026-03-08T07:00:00Z",
      "2026-12-25T00:00:00Z",
      "2026-01-05T09:00:00Z",
    ),
    fc.integer({ min: -36 * 60, max: 36 * 60 }),
  )
  .map(([around, minutes]) => new Date(Date.parse(around) + minutes * 60_000).toISOString());

export const requestArbitrary: fc.Arbitrary<PolicyRequest> = fc
  .record({
    mode: some("proxy" as const, "retrieve" as const),
    method: some(...METHODS),
    host: some("https://one.example", "https://a.two.example:8443", "https://two.example"),
    path,
    query,
    json: maybe(fc.record({ a: value, b: value }, { requiredKeys: [] })),
    text: maybe(some('{"a":1,"a":2}', '{"A":1}', '{"_method":"PUT"}', "no JSON", '{"a":90071992547409930}')),
    streamed: fc.boolean(),
    provider: some("github", "demo", "one"),
    grant: some(...IDS),
    secret: maybe(some(...IDS)),
    agent: maybe(some(...IDS)),
    user: maybe(some(...IDS)),
    groups: fc.uniqueArray(some(...IDS), { maxLength: 2 }),
    scopes: fc.uniqueArray(some(...IDS), { maxLength: 3 }),
    source_ip: maybe(some("10.1.2.3", "::ffff:10.1.2.3", "11.0.0.1", "2001:db8::1", "::1", "no address")),
    at: moment,
    grant_created_at: some("2026-01-01T00:00:00Z", "2026-03-29T01:00:00Z"),
    claims: fc.dictionary(some("run_id", "tool"), some(...WORDS), { maxKeys: 2 }),
  })
  .map(({ host, path: at, query: search, text, streamed, json, ...rest }) =>
    PolicyRequest.parse(
      defined({
        ...rest,
        url: `${host}${at}${search}`,
        ...(json === undefined && text !== undefined
          ? { body: text, headers: { "content-type": "application/json" } }
          : { json }),
        streamed: streamed && rest.method === "PUT",
      }),
    ),
  );

const place = some("/a", "/b", "/a/*", "/a/a", "/*");
const comparison = fc.oneof(
  some<string | number | boolean | null>(...WORDS, 1, true, null, -5).map((equals) => ({ equals })),
  several<string | number>([...WORDS, 1, 2.5]).map((one_of) => ({ one_of })),
  some("a", "b", "é").map((contains) => ({ contains })),
  some("a", "A", "1").map((starts_with) => ({ starts_with })),
  some(0, 1, 2.4, -10).map((greater_than) => ({ greater_than })),
  some(1, 2.5).map((at_most) => ({ at_most })),
  fc.boolean().map((exists) => ({ exists })),
  some("string" as const, "array" as const, "number" as const).map((type) => ({ type })),
);
const flags = fc.record({ not: fc.boolean(), match: some("any" as const, "all" as const), ignore_case: fc.boolean() });
const plain = fc.constant({ not: false, match: "any" as const, ignore_case: false });
const test = fc.tuple(comparison, fc.oneof(plain, flags)).map(([one, how]) => ({ ...one, ...how }));

const time = fc.record({
  zone: some(...ZONES),
  days: fc.uniqueArray(some("mon" as const, "thu" as const, "fri" as const, "sat" as const, "sun" as const), {
    minLength: 1,
  }),
  from: some("00:00", "02:00", "09:00", "22:00"),
  to: some("03:00", "06:00", "17:30", "24:00"),
});

const conditionsArbitrary = fc
  .record({
    mode: maybe(some("proxy" as const, "retrieve" as const)),
    method: maybe(several(METHODS)),
    host: maybe(several(["one.example", "*.two.example", "*.two.example:8443", "two.example:443"])),
    operation: maybe(several(["github.repos.*", "*"])),
    access: maybe(several(["read", "write", "destructive"] as const)),
    agent: maybe(several(IDS)),
    user: maybe(several(IDS)),
    groups: maybe(several(IDS)),
    scopes: maybe(fc.record({ any: several(IDS), all: several(IDS) }, { requiredKeys: [] })),
    source_ip: maybe(several(["10.0.0.0/8", "2001:db8::/32", "::ffff:11.0.0.0/104", "::1"])),
    time: maybe(fc.array(time, { minLength: 1, maxLength: 2 })),
    grant_older_than_seconds: maybe(some(1, 86_400 * 90)),
    claims: maybe(fc.dictionary(some("run_id", "tool"), several(["a*", "*", "b", "é"]), { minKeys: 1, maxKeys: 2 })),
    path: maybe(several(["/", "/a", "/a/{x}", "/a/**", "/**", "/a/b/c/**", "/é"])),
    query: maybe(
      fc.array(
        fc.tuple(some("q", "r"), test).map(([name, one]) => ({ name, ...one })),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    body: maybe(
      fc.array(
        fc.tuple(place, test).map(([field, one]) => ({ field, ...one })),
        { minLength: 1, maxLength: 2 },
      ),
    ),
  })
  .chain((all) => {
    // A rule with everything applies to nothing: a few conditions each.
    const names = Object.entries(all).flatMap(([name, one]) => (one === undefined ? [] : [name]));
    return fc
      .shuffledSubarray(names, { maxLength: Math.min(names.length, 3) })
      .map((kept) => Object.fromEntries(Object.entries(all).filter(([name]) => kept.includes(name))));
  });

const effect = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: "deny" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "require_approval" as const, approvers: { operator: true } }) },
  {
    weight: 1,
    arbitrary: fc.constant({ type: "rate_limit" as const, calls: 1, window_seconds: 1, per: "grant" as const }),
  },
);

/** Rules without an id of their own: `numbered` gives them one. */
const ruleArbitrary = fc
  .record({
    scope: fc.oneof(
      fc.constant({ app: true as const }),
      some("github", "demo").map((provider) => ({ provider })),
      ...(["grant", "secret", "agent", "user", "group"] as const).map((kind) =>
        some(...IDS).map((id) => ({ [kind]: id })),
      ),
    ),
    effect,
    when: conditionsArbitrary,
    unless: maybe(conditionsArbitrary),
  })
  .map(({ unless, ...rest }) => ({ ...rest, ...(unless && Object.keys(unless).length > 0 ? { unless } : {}) }));

export function rulesArbitrary(size: { minLength: number; maxLength: number }): fc.Arbitrary<Rule[]> {
  return fc
    .array(ruleArbitrary, size)
    .map((rules) => rules.map((rule, at) => Rule.parse({ id: `r${at}`, name: `Rule ${at}`, ...rule })));
}
