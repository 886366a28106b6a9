import { expect, test } from "vitest";
import { checkTokenForm } from "./check-token-form.ts";

const part = (json: unknown): string =>
  Buffer.from(typeof json === "string" ? json : JSON.stringify(json)).toString("base64url");
const token = (header: unknown, payload: unknown = { iss: "https://issuer.example" }): string =>
  `${part(header)}.${part(payload)}.c2lnbmF0dXJl`;

test.each([[{}], [{ typ: "JWT" }], [{ typ: "at+jwt" }], [{ typ: "application/AT+JWT" }]])(
  "a token of a user: %j",
  (more) => {
    expect(checkTokenForm(token({ alg: "RS256", kid: "one", ...more }))).toEqual({
      ok: true,
      issuer: "https://issuer.example",
    });
  },
);

test.each<[string, string, RegExp]>([
  ["jku", token({ alg: "RS256", jku: "https://evil.example/jwks" }), /holds jku/],
  ["x5u", token({ alg: "RS256", x5u: "https://evil.example/cert" }), /holds x5u/],
  ["jwk", token({ alg: "RS256", jwk: { kty: "RSA" } }), /holds jwk/],
  ["x5c", token({ alg: "RS256", x5c: [] }), /holds x5c/],
  ["crit", token({ alg: "RS256", crit: ["exp"] }), /holds crit/],
  ["b64", token({ alg: "RS256", b64: false }), /holds b64/],
  ["a compressed one", token({ alg: "RS256", zip: "DEF" }), /holds zip/],
  ["a nested one", token({ alg: "RS256", cty: "JWT" }), /another token/],
  ["a logout token", token({ alg: "RS256", typ: "logout+jwt" }), /another type/],
  ["a security event", token({ alg: "RS256", typ: "secevent+jwt" }), /another type/],
  ["events without a type", token({ alg: "RS256" }, { iss: "i", events: {} }), /events/],
  ["a type that is no text", token({ alg: "RS256", typ: 1 }), /another type/],
  ["a key id of 201 characters", token({ alg: "RS256", kid: "k".repeat(201) }), /key id/],
  ["a key id that is no text", token({ alg: "RS256", kid: { $ne: "" } }), /key id/],
  ["a claim twice", token({ alg: "RS256" }, '{"iss":"i","sub":"ada","sub":"eve"}'), /twice/],
  ["a header twice", token('{"alg":"RS256","alg":"none"}'), /twice/],
  ["no issuer", token({ alg: "RS256" }, { sub: "ada" }), /issuer/],
  ["an issuer that is a list", token({ alg: "RS256" }, { iss: ["a"] }), /issuer/],
  ["four parts", `${token({ alg: "RS256" })}.more`, /not a signed JWT/],
  ["an encrypted one", "a.b.c.d.e", /not a signed JWT/],
  ["characters that decoders skip", token({ alg: "RS256" }).replace(".", "\n."), /not a signed JWT/],
  ["a payload that is no object", token({ alg: "RS256" }, "[]"), /not a signed JWT/],
  ["a payload that is no JSON", token({ alg: "RS256" }, "{"), /not a signed JWT/],
  ["nothing", "", /not a signed JWT/],
  ["17 KB", token({ alg: "RS256" }, { iss: "i", pad: "x".repeat(17_000) }), /16 KB/],
])("refuses %s", (_name, text, detail) => {
  expect(checkTokenForm(text)).toMatchObject({ ok: false, detail: expect.stringMatching(detail) as string });
});
