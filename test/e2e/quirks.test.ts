import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProvider, type Provider } from "@alter-vault/providers";
import { encodeJsonHeader } from "@alter-vault/protocol";
import type { SeenRequest } from "../harness/fake-provider/fake-provider.ts";
import type { Registration } from "../harness/fake-provider/registration.ts";
import { startOAuthVault, type ConnectOptions, type OAuthVault } from "../harness/oauth-vault.ts";
import { consentAt } from "../harness/scripted-user.ts";

/*
 * The ways in which providers differ from the textbook, each by the providers that are known for it. What the vault
 * sends is held against the entry by the fake: a test that says nothing about it says it by having no violations.
 */
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let vault: OAuthVault;
beforeEach(async () => {
  vault = await startOAuthVault();
});
afterEach(async () => {
  await vault.stop();
  vault.fake.expectNoViolations();
});

interface ConnectedAccount extends Registration {
  readonly grantId: string;
  readonly scopes: readonly string[];
  readonly missingScopes: readonly string[];
}

/** One app at a provider, and an account connected to it. */
async function connected(id: string | Provider, options?: ConnectOptions): Promise<ConnectedAccount> {
  const registration = await vault.configure(id);
  const grant = await vault.connect(registration.provider.id, options);
  return { ...registration, grantId: grant.grant_id, scopes: grant.scopes, missingScopes: grant.missing_scopes };
}

/** An entry of the app's own, made from one of the catalogue. */
async function custom(base: string, change: (entry: Provider) => object): Promise<Provider> {
  const entry = findProvider(base);
  if (!entry) throw new Error(`there is no ${base}`);
  const made = { ...entry, ...change(entry) } as Provider;
  await vault.operator.call("addProvider", { body: { definition: JSON.stringify(made) } });
  return made;
}

async function authorizeUrlOf(id: string, options?: ConnectOptions): Promise<URL> {
  const begun = await vault.begin(id, options);
  if (!begun.ok) throw new Error(begun.detail);
  return new URL(begun.url);
}

const sentTo = (provider: string, endpoint: string): number =>
  vault.fake.requests.filter((one) => one.provider === provider && one.endpoint === endpoint).length;
const lastOf = (provider: string, endpoint: string): SeenRequest | undefined =>
  vault.fake.requests.findLast((one) => one.provider === provider && one.endpoint === endpoint);
const refreshesOf = ({ book }: Registration): number => book.families.reduce((sum, one) => sum + one.refreshes, 0);
const expiryOf = async (grantId: string): Promise<number | null> =>
  (await vault.credential(grantId))?.tokenExpiresAt ?? null;
const inSeconds = (at: number | null): number => Math.round(((at ?? Number.NaN) - vault.clock.now()) / 1000);
async function expire(grantId: string): Promise<void> {
  vault.clock.advance(((await expiryOf(grantId)) ?? 0) - vault.clock.now());
}
async function statusOf(grantId: string, target: string): Promise<number | string> {
  const { status, problem } = await vault.call(grantId, target);
  return problem?.code ?? status;
}

test("1 scopes with a comma, a space, a plus, or none", async () => {
  const slack = await connected("slack", { scopes: ["channels:read", "chat:write", "search:read"] });
  expect((await authorizeUrlOf("slack", { scopes: ["channels:read", "chat:write"] })).search).toContain(
    "scope=channels%3Aread%2Cchat%3Awrite",
  );
  expect(slack.missingScopes).toEqual([]);
  const google = await connected("google");
  expect((await authorizeUrlOf("google")).searchParams.get("scope")).toMatch(/^openid email profile/);
  expect(google.scopes).toEqual(expect.arrayContaining(["openid", "email", "profile"]));
  const plus = await custom("gitlab", ({ authorize }) => ({
    id: "scopes-with-a-plus",
    aliases: [],
    authorize: { ...authorize, scopeSeparator: "+" },
  }));
  expect((await connected(plus, { scopes: ["read_user", "read_api"] })).missingScopes).toEqual([]);
  expect((await authorizeUrlOf(plus.id, { scopes: ["read_user", "read_api"] })).search).toContain(
    "scope=read_user+read_api",
  );
  await connected("notion");
  expect((await authorizeUrlOf("notion")).searchParams.has("scope")).toBe(false);
});

test("2 the client shows itself by Basic, in the body, or not at all, and in one way only", async () => {
  // Ids and secrets of the fake hold characters that Basic and forms write differently.
  for (const id of ["airtable", "box", "calendly"]) {
    const { grantId } = await connected(id);
    await vault.operator.call("revokeGrant", { id: grantId, body: {} });
  }
  const publicClient = await custom("airtable", ({ token, fixtures }) => ({
    id: "public-client",
    token: { ...token, clientAuth: "none" },
    fixtures,
  }));
  const { grantId } = await connected(publicClient);
  await expire(grantId);
  expect(await statusOf(grantId, "https://api.airtable.com/v0/x")).toBe(200);
});

test("3 a token request in JSON", async () => {
  const atlassian = await connected("atlassian");
  await expire(atlassian.grantId);
  expect(await statusOf(atlassian.grantId, "https://api.atlassian.com/x")).toBe(200);
  await connected("notion");
});

test("4 a token answer that is form-encoded", async () => {
  const bitly = await connected("bitly");
  expect(await statusOf(bitly.grantId, "https://api-ssl.bitly.com/v4/x")).toBe(200);
  const github = await vault.configure("github");
  github.behaviour.formAnswers = true;
  const grant = await vault.connect("github", { scopes: ["repo", "gist"] });
  expect(grant.scopes).toEqual(["repo", "gist"]);
  await expire(grant.grant_id);
  expect(await statusOf(grant.grant_id, "https://api.github.com/x")).toBe(200);
  expect(refreshesOf(github)).toBe(1);
  github.behaviour.formAnswers = false;
});

describe("5 an error with HTTP 200", () => {
  test("to the code: no grant", async () => {
    const github = await vault.configure("github");
    github.behaviour.tokenTrouble.push("bad-client");
    expect(await vault.tryConnect("github")).toMatchObject({ ok: false, code: "connect_config" });
  });
  test("to a refresh: the user must connect again, and the grant waits for it", async () => {
    const slack = await connected("slack");
    slack.behaviour.tokenTrouble.push("revoked");
    await expire(slack.grantId);
    expect(await statusOf(slack.grantId, "https://slack.com/api/x")).toBe("grant_revoked");
    expect((await vault.connect("slack")).grant_id).toBe(slack.grantId);
    expect(await statusOf(slack.grantId, "https://slack.com/api/x")).toBe(200);
  });
  test("to a refresh, and only for now: the grant is tried again", async () => {
    const slack = await connected("slack");
    slack.behaviour.tokenTrouble.push("transient");
    await expire(slack.grantId);
    expect(await statusOf(slack.grantId, "https://slack.com/api/x")).toBe("token_refresh_failed");
    vault.clock.advance(MINUTE);
    expect(await statusOf(slack.grantId, "https://slack.com/api/x")).toBe(200);
  });
  test("of the API: it is the caller's to read", async () => {
    const slack = await connected("slack");
    slack.behaviour.apiTrouble.push("scope");
    const answer = await vault.call(slack.grantId, "https://slack.com/api/x");
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ ok: false, error: "missing_scope" });
  });
});

describe("6 no word about the expiry", () => {
  test("the token is introspected", async () => {
    const { grantId } = await connected("salesforce");
    expect(inSeconds(await expiryOf(grantId))).toBeCloseTo(7200, -1);
    expect(sentTo("salesforce", "introspect")).toBe(1);
  });
  test("the token says it itself", async () => {
    const monday = await vault.configure("monday");
    monday.behaviour.lifetimeSeconds = 900;
    const { grant_id: grantId } = await vault.connect("monday");
    expect(inSeconds(await expiryOf(grantId))).toBeCloseTo(900, -1);
    await expire(grantId);
    expect(await statusOf(grantId, "https://api.monday.com/v2/x")).toBe(200);
    expect(inSeconds(await expiryOf(grantId))).toBeCloseTo(900, -1);
  });
  test("the entry knows", async () => {
    const linear = await vault.configure("linear");
    linear.behaviour.hidesExpiry = true;
    const { grant_id: grantId } = await vault.connect("linear");
    expect(inSeconds(await expiryOf(grantId))).toBeCloseTo(86_400, -1);
    linear.behaviour.hidesExpiry = false;
  });
  test("nobody knows: the provider's 401 tells", async () => {
    const { grantId, book } = await connected("contentful");
    expect(await expiryOf(grantId)).toBeNull();
    for (const token of book.accessTokens.values()) token.alive = false;
    expect(await statusOf(grantId, "https://api.contentful.com/x")).toBe(200);
  });
});

test("7 an expiry as a moment, ISO or Unix, or in milliseconds", async () => {
  expect(inSeconds(await expiryOf((await connected("square")).grantId))).toBeCloseTo(2_592_000, -1);
  expect(inSeconds(await expiryOf((await connected("front")).grantId))).toBeCloseTo(3600, -1);
  const inMs = await custom("linear", ({ token, fixtures }) => ({
    id: "milliseconds",
    aliases: [],
    token: { ...token, answer: { ...token.answer, expiresInUnit: "ms" } },
    fixtures: {
      ...fixtures,
      token: { ...fixtures.token, json: { ...(fixtures.token.json as object), expires_in: 1_800_000 } },
    },
  }));
  expect(inSeconds(await expiryOf((await connected(inMs)).grantId))).toBeCloseTo(1800, -1);
});

test("8 a refresh that brings no refresh token: the old one goes on", async () => {
  const spotify = await connected("spotify");
  for (const omits of [true, false, true, true]) {
    spotify.behaviour.omitsRefreshToken = omits;
    await expire(spotify.grantId);
    expect(await statusOf(spotify.grantId, "https://api.spotify.com/x")).toBe(200);
  }
  expect(spotify.book.families).toMatchObject([{ refreshes: 4, reuses: 0, forgiven: 0 }]);
});

describe("9 rotation", () => {
  test("every refresh token is used once", async () => {
    const airtable = await connected("airtable");
    for (let round = 0; round < 5; round++) {
      await expire(airtable.grantId);
      expect(await statusOf(airtable.grantId, "https://api.airtable.com/v0/x")).toBe(200);
    }
    expect(airtable.book.families.at(-1)).toMatchObject({ alive: true, refreshes: 5, reuses: 0, forgiven: 0 });
  });
  test("a provider that saw one twice has ended the grant: the user is asked, and nothing is deleted", async () => {
    const canva = await connected("canva");
    const family = canva.book.families.at(-1);
    if (family) family.alive = false;
    await expire(canva.grantId);
    expect(await statusOf(canva.grantId, "https://api.canva.com/rest/v1/x")).toBe("grant_revoked");
    expect(await vault.credential(canva.grantId)).toMatchObject({ state: "reauth_required" });
  });
});

describe("10 refresh tokens that end", () => {
  test("unused for too long: the vault uses them in time", async () => {
    const box = await connected("box");
    for (let round = 0; round < 5; round++) {
      vault.clock.advance(43 * DAY);
      await vault.sweep();
    }
    expect(box.book.families).toMatchObject([{ refreshes: 5, alive: true }]);
    expect(await statusOf(box.grantId, "https://api.box.com/2.0/x")).toBe(200);
  });
  test("whatever one does: the user is asked", async () => {
    const ebay = await connected("ebay");
    vault.clock.advance(548 * DAY);
    expect(await statusOf(ebay.grantId, "https://api.ebay.com/x")).toBe("grant_revoked");
  });
});

test("11 a token that must be old enough to be refreshed", async () => {
  const instagram = await connected("instagram");
  const due = (await vault.credential(instagram.grantId))?.refreshDueAt ?? 0;
  expect(due - vault.clock.now()).toBeGreaterThan(DAY);
  const refused = await vault.operator
    .call("refreshGrant", { id: instagram.grantId })
    .then(() => "refreshed")
    .catch(() => "refused");
  expect(refused).toBe("refused");
  expect(await statusOf(instagram.grantId, "https://graph.instagram.com/x")).toBe(200);
  vault.clock.advance(due - vault.clock.now());
  await vault.sweep();
  expect(refreshesOf(instagram)).toBe(1);
});

test("12 a short-lived token that is changed for a long-lived one", async () => {
  const facebook = await connected("facebook");
  expect(sentTo("facebook", "long-lived")).toBe(1);
  expect(inSeconds(await expiryOf(facebook.grantId))).toBeGreaterThan(50 * 86_400);
  expect(await statusOf(facebook.grantId, "https://graph.facebook.com/v23.0/x")).toBe(200);
});

test("13 a refresh URL of its own, and a refresh by GET", async () => {
  const figma = await connected("figma");
  await expire(figma.grantId);
  expect(await statusOf(figma.grantId, "https://api.figma.com/x")).toBe(200);
  expect(lastOf("figma", "refresh")).toMatchObject({ method: "POST", path: "/v1/oauth/refresh" });
  const instagram = await connected("instagram");
  vault.clock.advance(50 * DAY);
  await vault.sweep();
  expect(lastOf("instagram", "refresh")).toMatchObject({ method: "GET", path: "/refresh_access_token", status: 200 });
  expect(await statusOf(instagram.grantId, "https://graph.instagram.com/x")).toBe(200);
});

test("14 scopes that are sent again with every refresh", async () => {
  // The fake refuses a refresh of eBay without scopes, and one with a scope that is none.
  for (const [id, target] of [
    ["ebay", "https://api.ebay.com/x"],
    ["azure-devops", "https://dev.azure.com/x"],
  ] as const) {
    const { grantId } = await connected(id);
    await expire(grantId);
    expect(await statusOf(grantId, target)).toBe(200);
  }
});

test("15 a user who grants less than was asked for", async () => {
  const google = await vault.configure("google");
  const gmail = "https://www.googleapis.com/auth/gmail.readonly";
  google.behaviour.grants = (asked) => asked.filter((scope) => scope !== gmail);
  const grant = await vault.connect("google", { scopes: [gmail] });
  expect(grant.missing_scopes).toEqual([gmail]);
  expect(grant.scopes).not.toContain(gmail);
  google.behaviour.apiTrouble.push("scope");
  const refused = await vault.call(grant.grant_id, "https://gmail.googleapis.com/gmail/v1/users/me/messages");
  expect(refused.status).toBe(403);
  expect(refused.headers["alter-missing-scopes"]).toBe(encodeJsonHeader([gmail]));
  google.behaviour.grants = (asked) => asked;
  expect(await vault.connect("google", { scopes: [gmail] })).toMatchObject({
    grant_id: grant.grant_id,
    missing_scopes: [],
  });
});

describe("16 an API host that the provider tells", () => {
  test.each([
    ["in the token answer", "pipedrive", "/api/v1/x"],
    ["in the token answer, with an instance", "salesforce", "/services/data/x"],
    ["in the callback", "quickbooks", "/companyinfo/x"],
    ["in the identity", "mailchimp", "/x"],
    ["in the identity, for the whole URL", "docusign", "/x"],
  ])("%s: %s", async (_where, id, path) => {
    const { grantId, provider, variables } = await connected(id);
    const base = provider.api.baseUrl.replace(/\{(\w+)\}/g, (_all, name: string) => variables[name] ?? "");
    expect(await statusOf(grantId, base + path)).toBe(200);
    expect(await statusOf(grantId, "https://api.elsewhere.example/x")).toBe("target_host_not_allowed");
  });
  test("of somebody else is refused, and no grant is made", async () => {
    const evil = await custom("pipedrive", ({ fixtures }) => ({ id: "host-of-somebody-else", fixtures }));
    const json = { ...(evil.fixtures.token.json as object), api_domain: "https://evil.example" };
    const fixtures = { ...evil.fixtures, token: { ...evil.fixtures.token, json } };
    const variables = { api_domain: "https://ada.pipedrive.com" };
    const registration = await vault.configure({ ...evil, fixtures }, { variables });
    const refused = await vault.tryConnect(evil.id);
    expect(refused).toMatchObject({ ok: false, code: "connect_config" });
    expect(vault.fake.requests.filter(({ host }) => host === "evil.example")).toEqual([]);
    expect(registration.book.families).toHaveLength(1);
  });
});

describe("17 tenants and subdomains in the URL", () => {
  test("the user names the tenant", async () => {
    const zendesk = await connected("zendesk");
    expect((await authorizeUrlOf("zendesk")).hostname).toBe(`${zendesk.variables["subdomain"]}.zendesk.com`);
    const shopify = await connected("shopify");
    expect(await statusOf(shopify.grantId, `https://${shopify.variables["shop"]}.myshopify.com/admin/x`)).toBe(200);
  });
  test.each(["evil.example/", "evil.example#", "a.b", "", "ada@evil", "ada:1"])(
    "%j is no tenant",
    async (subdomain) => {
      await vault.configure("zendesk");
      expect(await vault.begin("zendesk", { variables: { subdomain } })).toMatchObject({
        ok: false,
        code: "invalid_request",
      });
    },
  );
  test("a callback of a shop that its provider did not sign is refused", async () => {
    const shopify = await vault.configure("shopify");
    shopify.behaviour.tampersCallback = (url) => url.searchParams.set("shop", "evil.myshopify.com");
    const before = sentTo("shopify", "code");
    expect(await vault.tryConnect("shopify")).toMatchObject({ ok: false, code: "connect_state_invalid" });
    expect(sentTo("shopify", "code")).toBe(before);
    shopify.behaviour.tampersCallback = () => undefined;
  });
});

test("18 a client id by another name", async () => {
  const tiktok = await connected("tiktok");
  const url = await authorizeUrlOf("tiktok");
  expect([url.searchParams.get("client_key"), url.searchParams.has("client_id")]).toEqual([tiktok.clientId, false]);
  await expire(tiktok.grantId);
  expect(await statusOf(tiktok.grantId, "https://open.tiktokapis.com/x")).toBe(200);
});

test("19 several tokens in one answer", async () => {
  const slack = await connected("slack", { scopes: ["chat:write", "search:read"] });
  expect(slack.missingScopes).toEqual([]);
  await vault.call(slack.grantId, "https://slack.com/api/x");
  expect(vault.fake.apiCalls.at(-1)).toMatchObject({ provider: "slack", token: "main" });
  const before = sentTo("slack", "revoke");
  await vault.operator.call("revokeGrant", { id: slack.grantId, body: {} });
  expect(sentTo("slack", "revoke") - before).toBe(2);
});

test("20 an identity by POST, or by GraphQL", async () => {
  for (const id of ["dropbox", "linear", "monday", "shopify"]) {
    await connected(id);
    expect(lastOf(id, "identity")).toMatchObject({ method: "POST", status: 200 });
  }
});

test("21 headers without which nothing goes", async () => {
  for (const [id, target] of [
    ["notion", "https://api.notion.com/v1/x"],
    ["reddit", "https://oauth.reddit.com/x"],
    ["deel", "https://api.letsdeel.com/rest/v2/x"],
    ["github", "https://api.github.com/x"],
  ] as const) {
    const { grantId } = await connected(id);
    expect(await statusOf(grantId, target)).toBe(200);
  }
});

describe("22 ways to revoke", () => {
  test.each([
    ["by RFC 7009", "box", "POST", "done"],
    ["both tokens", "linear", "POST", "done"],
    ["in JSON", "quickbooks", "POST", "done"],
    ["by a call with the token", "dropbox", "POST", "done"],
    ["by a call with the client's Basic credential", "github", "DELETE", "done"],
    ["by a call with the client's secret in a header", "square", "POST", "done"],
    ["by the account and not the token", "stripe", "POST", "done"],
    ["there is no way, and the user is told where to go", "ebay", null, "not_supported"],
  ])("%s: %s", async (_how, id, method, result) => {
    const { grantId } = await connected(id);
    const before = vault.fake.requests.length;
    const revoked = await vault.operator.call("disconnectGrant", { id: grantId, body: {} });
    expect(revoked.provider_revocation).toBe(result);
    const sent = vault.fake.requests.slice(before).filter(({ endpoint }) => endpoint === "revoke");
    expect(new Set(sent.map((one) => one.method))).toEqual(new Set(method === null ? [] : [method]));
    if (result === "not_supported") expect(revoked.manual_url).toMatch(/^https:/);
    expect(await vault.credential(grantId)).toBeNull();
    expect(await statusOf(grantId, "https://api.box.com/x")).toBe("grant_deleted");
  });
});

test("23 PKCE where it is required, and none where it is refused", async () => {
  for (const id of ["airtable", "canva", "twitter"]) {
    await connected(id);
    const { searchParams } = await authorizeUrlOf(id);
    expect(searchParams.get("code_challenge_method")).toBe("S256");
  }
  for (const id of ["notion", "instagram", "ebay"]) {
    await connected(id);
    expect((await authorizeUrlOf(id)).searchParams.has("code_challenge")).toBe(false);
  }
});

test("24 a redirect URI that is not a URL", async () => {
  const ebay = await connected("ebay");
  expect((await authorizeUrlOf("ebay")).searchParams.get("redirect_uri")).toBe(ebay.redirectUri);
  expect(ebay.redirectUri).not.toMatch(/^https?:/);
});

test("25 hosts of a region", async () => {
  const intercom = await vault.configure("intercom", { variables: { api_host: "api.eu.intercom.io" } });
  const { grant_id: grantId } = await vault.connect("intercom");
  expect(intercom.variables["api_host"]).toBe("api.eu.intercom.io");
  expect(await statusOf(grantId, "https://api.eu.intercom.io/x")).toBe(200);
  await vault.configure("paypal", {
    variables: { web_host: "www.sandbox.paypal.com", api_host: "api-m.sandbox.paypal.com" },
  });
  const paypal = await vault.connect("paypal");
  expect(await statusOf(paypal.grant_id, "https://api-m.sandbox.paypal.com/x")).toBe(200);
});

test("a code is used up by the first who brings it", async () => {
  const box = await vault.configure("box");
  const begun = await vault.begin("box");
  if (!begun.ok) throw new Error(begun.detail);
  const callback = await consentAt(vault.fake, begun.url);
  expect((await vault.finish("box", begun, callback)).ok).toBe(true);
  expect(await vault.finish("box", begun, callback)).toMatchObject({ ok: false, code: "connect_code_rejected" });
  // Whoever replays one ends what came of it, as RFC 6749 4.1.2 wants.
  expect(box.book.families.at(-1)?.alive).toBe(false);
  vault.fake.violations.splice(0);
});
