import { expect, test } from "vitest";
import type { Ask } from "../egress/ask.ts";
import { discoverIdp } from "./discover-idp.ts";

const ISSUER = "https://issuer.example/realms/main";
const DOCUMENT = {
  issuer: ISSUER,
  jwks_uri: "https://keys.example/jwks",
  authorization_endpoint: "https://issuer.example/auth",
  id_token_signing_alg_values_supported: ["RS256", "HS256", "ES256"],
};
const JWKS = { keys: [{ kty: "RSA", kid: "one", alg: "PS256" }] };

function asker(pages: Record<string, unknown>, asked: string[] = []): Ask {
  return ({ url }) => {
    asked.push(url);
    const page = pages[url];
    if (page === undefined) return Promise.resolve({ ok: false, code: "upstream_unreachable", detail: "down" });
    const text = typeof page === "string" ? page : JSON.stringify(page);
    const [status, body] = typeof page === "number" ? [page, ""] : [200, text];
    return Promise.resolve({ ok: true, answer: { status, contentType: "application/json", body } });
  };
}
const WELL_KNOWN = `${ISSUER}/.well-known/openid-configuration`;
const good = { [WELL_KNOWN]: DOCUMENT, "https://keys.example/jwks": JWKS };

test("what an issuer says about itself", async () => {
  const asked: string[] = [];
  expect(await discoverIdp(asker(good, asked), ISSUER)).toEqual({
    ok: true,
    preview: {
      issuer: ISSUER,
      preset: "keycloak",
      jwks_url: "https://keys.example/jwks",
      keys: 1,
      // Those that need no shared secret, of its document and of its keys.
      algorithms: ["RS256", "PS256", "ES256"],
      claims: { user_id: "sub", email: "email", name: "name", groups: "groups" },
      authorization_endpoint: "https://issuer.example/auth",
      token_endpoint: null,
      notes: [expect.stringContaining("mapper")],
    },
  });
  expect(asked).toEqual([WELL_KNOWN, "https://keys.example/jwks"]);
});

test("an issuer that ends in a slash is asked without it, and is not the one without", async () => {
  const pages = { ...good, [WELL_KNOWN]: { ...DOCUMENT, issuer: `${ISSUER}/` } };
  expect(await discoverIdp(asker(pages), `${ISSUER}/`, "oidc")).toMatchObject({
    ok: true,
    preview: { issuer: `${ISSUER}/` },
  });
  expect(await discoverIdp(asker(good), `${ISSUER}/`)).toMatchObject({ ok: false, code: "identity_provider_invalid" });
});

test.each<[string, Record<string, unknown>, string, RegExp]>([
  ["does not answer", {}, "upstream_unreachable", /down/],
  ["answers 404", { [WELL_KNOWN]: 404 }, "identity_provider_invalid", /answers 404/],
  ["answers with a page", { [WELL_KNOWN]: "<html>" }, "identity_provider_invalid", /not JSON/],
  [
    "speaks of another",
    { [WELL_KNOWN]: { ...DOCUMENT, issuer: "https://evil.example" } },
    "identity_provider_invalid",
    /another issuer/,
  ],
  ["names no issuer", { [WELL_KNOWN]: {} }, "identity_provider_invalid", /names no issuer/],
  ["names no keys", { [WELL_KNOWN]: { issuer: ISSUER } }, "identity_provider_invalid", /names no keys/],
  [
    "has no keys",
    { ...good, "https://keys.example/jwks": { keys: [] } },
    "identity_provider_invalid",
    /publishes no keys/,
  ],
])("an issuer that %s", async (_name, pages, code, detail) => {
  expect(await discoverIdp(asker(pages), ISSUER)).toMatchObject({
    ok: false,
    code,
    detail: expect.stringMatching(detail) as string,
  });
});
