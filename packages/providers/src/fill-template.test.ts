import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findProvider, PROVIDER_IDS } from "./catalogue.ts";
import { checkVariable } from "./check-variable.ts";
import { fillTemplate, placeholdersOf } from "./fill-template.ts";
import { hostMatches } from "./host-rule.ts";
import { urlsOf } from "./lint/urls-of.ts";
import { Variable } from "./schema/variable.ts";

const variable = (from: Partial<Variable>): Variable =>
  Variable.parse({ label: "x", kind: "label", pattern: ".*", from: "user", example: "x", ...from });

const LABEL = variable({});
const SEGMENT = variable({ kind: "segment" });
const HOST = variable({ kind: "host", hosts: ["*.acme.com"] });
const BASE = variable({ kind: "base-url", hosts: ["*.acme.com"] });
const OWN = variable({ kind: "base-url", from: "operator" });

describe("checkVariable", () => {
  test.each([
    [LABEL, "Ada-1", "ada-1"],
    [SEGMENT, "a.b_C~1", "a.b_C~1"],
    [HOST, "EU1.acme.com", "eu1.acme.com"],
    [BASE, "https://eu1.acme.com/", "https://eu1.acme.com"],
    [BASE, "https://eu1.acme.com/v1/x", "https://eu1.acme.com/v1/x"],
    [OWN, "https://git.example.org:8443/gitlab", "https://git.example.org:8443/gitlab"],
  ])("takes $kind: %s", (kind, value, used) => expect(checkVariable(kind, value)).toEqual({ ok: true, value: used }));

  test.each([
    [LABEL, "a.b"],
    [LABEL, ""],
    [LABEL, "-a"],
    [LABEL, "a/b"],
    [LABEL, "a@b"],
    [LABEL, "a\n"],
    [LABEL, "é"],
    [LABEL, "a".repeat(64)],
    [SEGMENT, ".."],
    [SEGMENT, "a/b"],
    [SEGMENT, "a%2fb"],
    [SEGMENT, "a?b"],
    [SEGMENT, ""],
    [HOST, "acme.com"],
    [HOST, "evil.example"],
    [HOST, "eu1.acme.com.evil.example"],
    [HOST, "eu1.acme.com:8443"],
    [HOST, "eu1.acme.com/x"],
    [HOST, "eu1.acme.com."],
    [BASE, "http://eu1.acme.com"],
    [BASE, "https://evil.example"],
    [BASE, "https://eu1.acme.com@evil.example"],
    [BASE, "https://evil.example#.acme.com"],
    [BASE, "https://evil.example\\.acme.com"],
    [BASE, "https://eu1.acme.com:8443"],
    [BASE, "https://eu1.acme.com/../x"],
    [BASE, "https://eu1.acme.com/x?y"],
    [BASE, "//eu1.acme.com"],
    [OWN, "https://127.0.0.1"],
    [OWN, "https://localhost"],
    [OWN, "https://git.example.org:0"],
    [variable({ kind: "host" }), "eu1.acme.com"],
    [variable({ pattern: "us|eu" }), "us1"],
    [variable({ pattern: "us|eu" }), "xeu"],
    [variable({ values: ["us"] }), "eu"],
  ])("refuses $kind: %j", (kind, value) => expect(checkVariable(kind, value).ok).toBe(false));
});

describe("fillTemplate", () => {
  const variables = { shop: LABEL, region: variable({ default: "us" }), id: SEGMENT };

  test("fills, with defaults and the client id", () => {
    expect(
      fillTemplate("https://{shop}.acme.com/{region}/{id}/{client_id}", variables, { shop: "ada", id: "7" }, "a/b"),
    ).toEqual({
      ok: true,
      text: "https://ada.acme.com/us/7/a%2Fb",
    });
  });

  test.each([
    ["missing", "https://{shop}.acme.com", {}],
    ["invalid", "https://{shop}.acme.com", { shop: "a.b" }],
    ["undeclared", "https://{x}.acme.com", { x: "a" }],
    ["undeclared", "https://{constructor}.acme.com", {}],
    ["undeclared", "https://acme.com/{client_id}", {}],
  ])("%s", (code, template, values) => {
    expect(fillTemplate(template, variables, values)).toMatchObject({ ok: false, code });
  });

  test.each(["", ".", ".."])("a client id of %j is refused", (clientId) => {
    expect(fillTemplate("https://x.acme.com/{client_id}/grant", {}, {}, clientId)).toMatchObject({ code: "invalid" });
  });

  test("does not read replacement patterns in a value", () => {
    expect(fillTemplate("https://x.acme.com/{client_id}", {}, {}, "$&$`")).toMatchObject({
      text: "https://x.acme.com/%24%26%24%60",
    });
  });
});

/** Values people try: random text, and text made of what URLs are made of. */
const hostile = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc
    .array(
      fc.constantFrom(
        "a",
        "acme",
        ".",
        "/",
        "\\",
        "@",
        ":",
        "#",
        "?",
        "%2f",
        "..",
        "https://",
        "evil.example",
        ".acme.com",
        "\t",
        "。",
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join("")),
);

describe("no value changes the host", () => {
  test("label, segment, host, base URL, however careless the pattern", () => {
    const variables = { label: LABEL, segment: SEGMENT, host: HOST, base: BASE };
    const templates = [
      ["https://{label}.acme.com/x", "*.acme.com"],
      ["https://api.acme.com/{segment}/x", "api.acme.com"],
      ["https://api.acme.com/x?y={segment}", "api.acme.com"],
      ["https://{host}/x", "*.acme.com"],
      ["{base}/x", "*.acme.com"],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...templates), hostile, ([template, rule], value) => {
        const filled = fillTemplate(template, variables, { label: value, segment: value, host: value, base: value });
        if (!filled.ok) return;
        const url = new URL(filled.text);
        expect([url.protocol, url.username, url.port, hostMatches([rule], url.hostname)]).toEqual([
          "https:",
          "",
          "",
          true,
        ]);
        // Nothing was repaired on the way: what we checked is what would be called.
        expect(url.href.replace(/\/$/, "")).toBe(filled.text.replace(/\/$/, ""));
      }),
      { numRuns: 3000 },
    );
  });

  const templated = PROVIDER_IDS.flatMap((id) => {
    const provider = findProvider(id);
    if (!provider) return [];
    return urlsOf(provider)
      .filter(({ template }) => placeholdersOf(template).some((name) => name in provider.variables))
      .map(({ path, template }) => ({ id, path, template, provider }));
  });

  test.each(templated)("$id $path", ({ template, provider }) => {
    const names = placeholdersOf(template).filter((name) => name in provider.variables);
    const examples = Object.fromEntries(
      Object.entries(provider.variables).map(([name, { example }]) => [name, example]),
    );
    const original = fillTemplate(template, provider.variables, examples, "client");
    if (!original.ok) throw new Error(original.detail);
    fc.assert(
      fc.property(fc.constantFrom(...names), hostile, (name, value) => {
        const filled = fillTemplate(template, provider.variables, { ...examples, [name]: value }, "client");
        const declared = provider.variables[name];
        // The operator's own server is the operator's to name.
        if (!filled.ok || !declared || declared.from === "operator" || declared.from === "discovery") return;
        const before = new URL(original.text).hostname;
        const after = new URL(filled.text).hostname;
        const fixed = /^https:\/\/[^/]*\}(\.[^/{}]+)/.exec(template)?.[1];
        const allowed =
          declared.kind === "segment" ? [before] : (declared.hosts ?? [before, `*${fixed ?? `.${before}`}`]);
        expect(hostMatches(allowed, after)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
