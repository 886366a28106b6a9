import { createHash } from "node:crypto";
import { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inject, type Injected } from "./inject.ts";

/** Anything a store may hold, good or bad: these go past the schemas on purpose. */
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("a\r\nx-evil: 1", "a\nb", "a\0b", "a b", "+&=#?", "é", "%0d%0a", "__proto__", "constructor"),
);
const key = fc.stringMatching(/^[!-~]{8,24}$/);
const name = fc.oneof(fc.constantFrom("authorization", "X-Api-Key", "Cookie", "host", "a b", "x-a", "__proto__"), text);
const template = fc
  .array(fc.oneof(fc.constantFrom("{key}", "{id}", "{{", "}}", "v1 ", "Bearer ", "{", "\r\n"), text), { maxLength: 4 })
  .map((parts) => parts.join(""));
const templates = fc.dictionary(name, template, { maxKeys: 3 });
const fields = fc.record({ key: fc.oneof(key, text), id: fc.oneof(key, text) }, { requiredKeys: [] });

const pair = fc.oneof(
  fc.tuple(fc.constant({ kind: "bearer" }), fc.record({ kind: fc.constant("bearer"), token: fc.oneof(key, text) })),
  fc.tuple(
    fc.record(
      {
        kind: fc.constant("api-key"),
        in: fc.constantFrom("header", "query"),
        name,
        prefix: fc.constantFrom("Token", "a\nb"),
      },
      { requiredKeys: ["kind", "in", "name"] },
    ),
    fc.record({ kind: fc.constant("api-key"), key: fc.oneof(key, text) }),
  ),
  fc.tuple(
    fc.constant({ kind: "basic" }),
    fc.record({ kind: fc.constant("basic"), username: fc.oneof(key, text), password: fc.oneof(key, text) }),
  ),
  fc.tuple(
    fc.record({ kind: fc.constant("custom"), headers: templates, query: templates }),
    fc.record({ kind: fc.constant("custom"), fields }),
  ),
  fc.tuple(
    fc.constant({ kind: "sigv4", region: "eu-west-1", service: "s3" }),
    fc.record(
      {
        kind: fc.constant("sigv4"),
        access_key_id: fc.oneof(key, text),
        secret_access_key: fc.oneof(key, text),
        session_token: fc.oneof(key, text),
      },
      { requiredKeys: ["kind", "access_key_id", "secret_access_key"] },
    ),
  ),
) as fc.Arbitrary<[InjectionRule, SecretMaterial]>;

const callerName = fc.constantFrom(
  "accept",
  "x-a",
  "x-api-key",
  "authorization",
  "cookie",
  "x-amz-meta-a",
  "x-amz-date",
);
const outbound = fc.record({
  method: fc.constantFrom("GET", "POST"),
  url: fc
    .array(fc.tuple(fc.oneof(name, fc.constantFrom("api_key", "x-a")), fc.constant("of-the-caller")), { maxLength: 4 })
    .map((pairs) => new URL(`https://host.example/a%20b?${new URLSearchParams(pairs).toString()}`)),
  headers: fc.array(fc.tuple(callerName, fc.constant("of-the-caller")), { maxLength: 5 }),
}) as fc.Arbitrary<Parameters<typeof inject>[2]>;

const SCRUB = /[\x00-\x1f\x7f]|[^\x00-\xff]/; // oxlint-disable-line no-control-regex

function materialStrings(material: SecretMaterial): string[] {
  switch (material.kind) {
    case "bearer":
      return [material.token];
    case "api-key":
      return [material.key];
    case "basic":
      return [material.password];
    case "custom":
      return Object.values(material.fields);
    case "sigv4":
      return [material.secret_access_key, ...(material.session_token === undefined ? [] : [material.session_token])];
  }
}

/** Everything that leaves, as a program that looks for a credential would read it. */
function readable({ url, headers }: Extract<Injected, { ok: true }>): string[] {
  const base64 = headers.flatMap(([, value]) => (value.startsWith("Basic ") ? [value.slice(6)] : []));
  return [
    ...headers.map(([, value]) => value),
    ...base64.map((value) => Buffer.from(value, "base64").toString("utf8")),
    url.href,
    ...[...url.searchParams].flat(),
  ];
}

test("whatever is stored: no header breaks out, the caller never wins, and every secret that leaves is listed", () => {
  let injectedOnce = 0;
  fc.assert(
    fc.property(pair, outbound, ([rule, material], call) => {
      const injected = inject(rule, material, call, { nowMs: 1e12, bodySha256: null });
      if (!injected.ok) {
        expect(injected.code).toBe("credential_unreadable");
        return;
      }
      injectedOnce += 1;
      for (const [header, value] of injected.headers) {
        expect(header).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        expect(value).not.toMatch(SCRUB);
      }
      for (const header of injected.credentialHeaders) {
        const values = injected.headers.filter(([other]) => other === header);
        expect(values).toHaveLength(1);
        expect(values).not.toContainEqual([header, "of-the-caller"]);
      }
      for (const query of injected.credentialQuery) expect(injected.url.searchParams.getAll(query)).toHaveLength(1);
      expect(injected.url.origin + injected.url.pathname).toBe("https://host.example/a%20b");

      // Short and plain strings are in everything by chance; keys are not.
      const secrets = materialStrings(material).filter((value) => value.length >= 8);
      for (const secret of secrets) {
        if (readable(injected).some((out) => out.includes(secret))) expect(injected.secrets).toContain(secret);
      }
      for (const [header, value] of injected.headers) {
        if (rule.kind === "custom" || header !== "authorization" || value === "of-the-caller") continue;
        expect(injected.secrets.some((secret) => value.includes(secret))).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
  expect(injectedOnce).toBeGreaterThan(200);
});

test("what the schemas let through as a bearer token or key is injected unchanged or refused, never altered", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 30 }), (value) => {
      const material = SecretMaterial.safeParse({ kind: "api-key", key: value });
      const rule = InjectionRule.parse({ kind: "api-key" });
      if (!material.success) return;
      const call = { method: "GET", url: new URL("https://host.example/"), headers: [] } as const;
      const injected = inject(rule, material.data, call, { nowMs: 0, bodySha256: null });
      if (injected.ok) expect(injected.headers).toEqual([["x-api-key", value]]);
      else expect(value).not.toBe(value.trim());
    }),
  );
});

test("the same input gives the same output", () => {
  fc.assert(
    fc.property(pair, outbound, ([rule, material], call) => {
      const options = { nowMs: 1e12, bodySha256: createHash("sha256").digest("hex") };
      expect(inject(rule, material, call, options)).toEqual(inject(rule, material, call, options));
    }),
    { numRuns: 100 },
  );
});
