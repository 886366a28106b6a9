import { IDP_PRESETS } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { IDP_PRESET_LIST, presetOf, recognisePreset } from "./idp-presets.ts";

test("there is a preset of each name", () => {
  expect(IDP_PRESET_LIST.map(({ id }) => id).toSorted()).toEqual([...IDP_PRESETS].toSorted());
  for (const id of IDP_PRESETS) expect(presetOf(id).id).toBe(id);
});

test.each([
  ["https://example.okta.com", "okta"],
  ["https://example.okta.com/oauth2/default", "okta"],
  ["https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "entra"],
  ["https://login.microsoftonline.com/common/v2.0", "oidc"],
  ["https://example.eu.auth0.com/", "auth0"],
  ["https://calm-cat-1.clerk.accounts.dev", "clerk"],
  ["https://clerk.example.com", "clerk"],
  ["https://sso.example.com/realms/main", "keycloak"],
  ["https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf", "cognito"],
  ["https://accounts.google.com", "google"],
  ["https://securetoken.google.com/my-project", "firebase"],
  ["https://abcdefgh.supabase.co/auth/v1", "supabase"],
  ["https://api.workos.com/user_management/client_01", "workos"],
  ["https://example.com", "oidc"],
  ["https://example.okta.com.evil.example", "oidc"],
])("%s is %s", (issuer, preset) => {
  expect(recognisePreset(issuer).id).toBe(preset);
});
