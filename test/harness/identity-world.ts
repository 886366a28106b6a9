import type { GrantCreate, VaultSessionCreate } from "@alter-vault/protocol";
import { rawCall } from "./raw-call.ts";
import { startTokenIssuer, type TokenIssuer } from "./token-issuer.ts";
import { startTestVault, type TestVault } from "./vault.ts";

/** A vault with users of real issuers, an agent, and grants for each kind of principal, all to one upstream. */
export interface IdentityWorld {
  readonly vault: TestVault;
  /** Trusted by the app; its user `ada` has a grant for `demo`, and so has its group `staff`. */
  readonly issuer: TokenIssuer;
  /** Trusted too, for the party `web` only. */
  readonly strict: TokenIssuer;
  /** Trusted by another app. */
  readonly others: TokenIssuer;
  /** Trusted by nobody. */
  readonly stranger: TokenIssuer;
  readonly otherApp: string;
  readonly sessionOfOtherApp: string;
  readonly agent: { readonly id: string; readonly key: string };
  readonly secret: string;
  readonly grants: Readonly<Record<"ada" | "staff" | "app", string>>;
  trust(issuer: TokenIssuer, parties?: readonly string[]): Promise<string>;
  userIdOf(token: string): Promise<string>;
  session(token: string, wish?: VaultSessionCreate): Promise<string>;
  sessionWithId(token: string, wish?: VaultSessionCreate): Promise<{ id: string; token: string }>;
  /** A secret with a grant for this principal. */
  issue(token: string, principal: GrantCreate["principal"], provider: string): Promise<string>;
  newAgent(name: string): Promise<{ id: string; key: string; grant: string }>;
  stop(): Promise<void>;
}

export async function identityWorld(upstream: string): Promise<IdentityWorld> {
  const vault = await startTestVault();
  const [issuer, strict, others, stranger] = await Promise.all([
    startTokenIssuer(),
    startTokenIssuer(),
    startTokenIssuer(),
    startTokenIssuer(),
  ]);

  async function post<T>(path: string, body: unknown, alter: Record<string, string> = {}): Promise<T> {
    const answer = await rawCall(vault.url, vault.apiKey, { path, body: JSON.stringify(body), alter });
    if (answer.status >= 400) throw new Error(`${path}: ${answer.body.toString()}`);
    return JSON.parse(answer.body.toString()) as T;
  }
  const trust = async (one: TokenIssuer, parties: readonly string[] = [], alter: Record<string, string> = {}) => {
    const body = {
      issuer: one.issuer,
      audiences: [one.audience],
      authorized_parties: parties,
      claims: { groups: "groups" },
    };
    return (await post<{ idp_id: string }>("/v1/identity-providers", body, alter)).idp_id;
  };
  const sessionWithId = async (token: string, wish: VaultSessionCreate = {}) => {
    const made = await post<{ session_id: string; session_token: string }>("/v1/sessions", wish, {
      "alter-user-token": token,
    });
    return { id: made.session_id, token: made.session_token };
  };
  let secrets = 0;
  const store = async (token: string, provider: string): Promise<{ secret_id: string; grant_id: string }> =>
    vault.operator.call("createSecret", {
      body: {
        name: `secret ${++secrets} of ${provider}`,
        provider,
        injection: { kind: "bearer" },
        value: { kind: "bearer", token },
        allowed_hosts: [upstream],
      },
    });
  const grantTo = async (id: string, principal: GrantCreate["principal"]): Promise<string> =>
    (await vault.operator.call("createGrant", { id, body: { principal } })).grant_id;
  const issue = async (token: string, principal: GrantCreate["principal"], provider: string): Promise<string> =>
    grantTo((await store(token, provider)).secret_id, principal);
  const newAgent = async (name: string): Promise<{ id: string; key: string; grant: string }> => {
    const { agent_id: id, api_key } = await vault.operator.call("createAgent", { body: { name } });
    const grant = await issue(`fake-token-of-${name}`, { type: "agent", agent_id: id }, name);
    return { id, key: api_key ?? "", grant };
  };

  const idp = await trust(issuer);
  await trust(strict, ["web"]);
  const { app_id: otherApp } = await vault.operator.call("createApp", { body: { name: "other" } });
  await trust(others, [], { "alter-app": otherApp });
  const otherKey = await post<{ api_key: string }>("/v1/keys", { name: "other" }, { "alter-app": otherApp });
  const otherSession = await rawCall(vault.url, otherKey.api_key, {
    path: "/v1/sessions",
    body: "{}",
    alter: { "alter-user-token": await others.sign() },
  });
  const token = await issuer.sign({ iat: Math.floor(Date.now() / 1000) - 5 });
  const secret = await store("fake-token-of-ada", "demo");
  const ada = await grantTo(secret.secret_id, { type: "user", user_token: token, label: "Ada's" });
  const staff = await issue(
    "fake-token-of-staff",
    { type: "group", idp_id: idp, external_group_id: "staff", label: "Staff" },
    "shared",
  );
  const { id, key } = await newAgent("helper");

  return {
    vault,
    issuer,
    strict,
    others,
    stranger,
    otherApp,
    sessionOfOtherApp: (JSON.parse(otherSession.body.toString()) as { session_token: string }).session_token,
    agent: { id, key },
    secret: secret.secret_id,
    grants: { ada, staff, app: secret.grant_id },
    trust,
    async userIdOf(one) {
      const answer = await rawCall(vault.url, vault.apiKey, {
        method: "GET",
        path: "/v1/identity",
        alter: { "alter-user-token": one },
      });
      return (JSON.parse(answer.body.toString()) as { user_id: string }).user_id;
    },
    session: async (one, wish) => (await sessionWithId(one, wish)).token,
    sessionWithId,
    issue,
    newAgent,
    async stop() {
      await vault.stop();
      await Promise.all([issuer, strict, others, stranger].map((one) => one.close()));
    },
  };
}
