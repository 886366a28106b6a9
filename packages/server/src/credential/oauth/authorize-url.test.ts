import { findProvider, type Provider } from "@alter-vault/providers";
import { expect, test } from "vitest";
import { authorizeUrl, type Authorization } from "./authorize-url.ts";

function entry(id: string): Provider {
  const provider = findProvider(id);
  if (!provider) throw new Error(`no entry ${id}`);
  return provider;
}

function visit(id: string, over: Partial<Authorization> = {}): URLSearchParams {
  const provider = entry(id);
  const url = authorizeUrl({
    provider,
    endpoint: provider.authorize?.url ?? "",
    clientId: "client 1",
    redirectUri: "https://vault.example.com/oauth/callback",
    scopes: ["a", "b"],
    state: "s-1",
    challenge: "c-1",
    nonce: null,
    loginHint: null,
    ...over,
  });
  return new URL(url).searchParams;
}

test("the standard parameters, once each", () => {
  const params = visit("google");
  expect(Object.fromEntries(params)).toMatchObject({
    response_type: "code",
    client_id: "client 1",
    redirect_uri: "https://vault.example.com/oauth/callback",
    scope: "a b",
    state: "s-1",
    code_challenge: "c-1",
    code_challenge_method: "S256",
    access_type: "offline",
  });
  expect([...params.keys()].length).toBe(new Set(params.keys()).size);
  expect(params.has("nonce")).toBe(false);
});

test("without PKCE there is no trace of it", () => {
  const params = visit("slack", { challenge: null });
  expect(params.has("code_challenge")).toBe(false);
  expect(params.has("code_challenge_method")).toBe(false);
});

test("scopes of the user's own token go into their own parameter", () => {
  const params = visit("slack", { scopes: ["chat:write", "search:read", "channels:read"] });
  expect(params.get("scope")).toBe("chat:write,channels:read");
  expect(params.get("user_scope")).toBe("search:read");
});

test("parameters are renamed and left out as the entry says", () => {
  expect(visit("tiktok").get("client_key")).toBe("client 1");
  expect(visit("tiktok").has("client_id")).toBe(false);
  expect(visit("github-app", { endpoint: "https://github.com/apps/x/installations/new" }).has("redirect_uri")).toBe(
    false,
  );
});

test("a provider without scopes gets no scope parameter", () => {
  expect(visit("basecamp").has("scope")).toBe(false);
});

test("an endpoint in a fragment keeps its parameters there", () => {
  const provider = entry("apollo");
  const url = authorizeUrl({
    provider,
    endpoint: "https://app.apollo.io/#/oauth/authorize",
    clientId: "c",
    redirectUri: "https://vault.example.com/oauth/callback",
    scopes: [],
    state: "s",
    challenge: null,
    nonce: null,
    loginHint: null,
  });
  expect(url.startsWith("https://app.apollo.io/#/oauth/authorize?response_type=code&client_id=c&")).toBe(true);
});

test("nothing a scope or a state holds becomes another parameter", () => {
  const params = visit("google", { scopes: ["x&redirect_uri=https://evil.example"], state: "a&b=c#d" });
  expect(params.getAll("redirect_uri")).toEqual(["https://vault.example.com/oauth/callback"]);
  expect(params.get("state")).toBe("a&b=c#d");
});
