import {
  AgentInactiveError,
  AgentKeyRequiredError,
  AgentNotFoundError,
  AgentRevokedError,
  agentPrincipal,
  AmbiguousGrantError,
  GrantNotFoundError,
  groupPrincipal,
  IdempotencyKeyBodyMismatchError,
  InsufficientScopeError,
  InvalidKeyError,
  KeyNotFoundError,
  LastActiveKeyError,
  NoDelegatedGrantError,
  systemPrincipal,
  userPrincipal,
  UserTokenError,
  type AlterVault,
  type CreatedAgent,
} from "@alter-vault/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { follow } from "../harness/follow.ts";
import { startOidcServer, type OidcServer } from "../harness/oidc-server.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";
import { startTestVault, type TestVault } from "../harness/vault.ts";

/*
 * End users, sessions, agents and delegation, as a program with the SDK sees them: a real vault, a real issuer.
 */
let vault: TestVault;
let oidc: OidcServer;
let upstream: Upstream;
let idpId: string;
let sdk: AlterVault;
let ada: { token: string; userId: string; grantId: string };
let bob: { token: string; userId: string; grantId: string };

const WRONG_ID = "0190a3f0-0000-7000-8000-00000000ffff";

beforeAll(async () => {
  [vault, oidc, upstream] = await Promise.all([
    startTestVault(),
    startOidcServer(["http://127.0.0.1/callback"]),
    startUpstream(),
  ]);
  const body = { issuer: oidc.issuer, audiences: [oidc.publicClientId], client_id: oidc.publicClientId };
  ({ idp_id: idpId } = await vault.operator.call("createIdentityProvider", { body }));
  sdk = vault.sdk();
  ada = await person("ada@example.com");
  bob = await person("bob@example.com");
}, 60_000);
afterAll(() => Promise.all([vault.stop(), oidc.close(), upstream.close()]));
beforeEach(() => {
  upstream.calls.length = 0;
});

/** Somebody who has signed in, and has a grant for `notes`. */
async function person(account: string): Promise<typeof ada> {
  oidc.account = account;
  const onUrl = (url: string): void => void follow(url);
  const { userToken, userId } = await vault.sdk().authenticate({ openBrowser: false, onUrl });
  const principal = userPrincipal({ userToken, label: account });
  const { grantId } = await sdk.createManagedSecretGrant(await secret(`fake-token-of-${account}`), { principal });
  return { token: userToken, userId, grantId };
}

let secrets = 0;
async function secret(token: string, provider = "notes"): Promise<string> {
  const created = await vault.operator.call("createSecret", {
    body: {
      name: `${provider} ${++secrets}`,
      provider,
      injection: { kind: "bearer" },
      value: { kind: "bearer", token },
      allowed_hosts: [upstream.origin],
    },
  });
  // The grant that comes with a secret belongs to the app; here nobody else is to find one.
  await vault.operator.call("revokeGrant", { id: created.grant_id, body: {} });
  return created.secret_id;
}

let agents = 0;
const newAgent = (): Promise<CreatedAgent> => sdk.agents.create({ name: `agent-${++agents}` });
const as = ({ apiKey }: { readonly apiKey: string | null }): AlterVault => vault.sdk({ apiKey: apiKey ?? "" });
const notes = (who: Pick<AlterVault, "request">, userToken?: string) =>
  who.request("GET", `${upstream.origin}/notes`, { provider: "notes", userToken });
const bearers = (): (string | undefined)[] => upstream.calls.map(({ headers }) => headers.authorization);

/** The call is refused by this class, nothing reaches the upstream, and the log has the refusal. */
async function refused(call: Promise<unknown>, errorClass: abstract new (...args: never[]) => Error): Promise<void> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(errorClass);
  expect(upstream.calls).toEqual([]);
  const { code } = error as { readonly code: string };
  const entry = await vault.lastEntry();
  expect(entry).toMatchObject({ decision: "deny", code });
}

describe("end users", () => {
  test("a provider means the user's own grant, and without a user there is none", async () => {
    await notes(sdk, ada.token);
    await notes(sdk.withUser(bob.token));
    expect(bearers()).toEqual(["Bearer fake-token-of-ada@example.com", "Bearer fake-token-of-bob@example.com"]);
    upstream.calls.length = 0;
    await refused(notes(sdk), GrantNotFoundError);
  });

  test("another user's grant does not exist", async () => {
    const user = sdk.withUser(ada.token);
    await refused(user.request(bob.grantId, "GET", `${upstream.origin}/notes`), GrantNotFoundError);
    await expect(user.getGrant(bob.grantId)).rejects.toThrow(GrantNotFoundError);
    await expect(user.revokeGrant(bob.grantId)).rejects.toThrow(GrantNotFoundError);
    expect((await user.listGrants()).grants.map(({ grantId }) => grantId)).toEqual([ada.grantId]);
  });

  test("tokens are verified", async () => {
    expect(await sdk.verifyUserToken(ada.token)).toMatchObject({ userId: ada.userId, idpId, email: "ada@example.com" });
    const [head, body, signature = ""] = ada.token.split(".");
    const forged = `${head}.${body}.${signature.slice(0, -4)}AAAA`;
    expect(await sdk.verifyUserToken(forged)).toBeNull();
    expect(await sdk.verifyUserToken("fake")).toBeNull();
    await refused(notes(sdk, forged), UserTokenError);
  });

  test("two grants of one user are told apart by account, or by id", async () => {
    const principal = userPrincipal({ userId: bob.userId, label: "second" });
    const second = await sdk.createManagedSecretGrant(await secret("fake-second"), { principal });
    await refused(notes(sdk, bob.token), AmbiguousGrantError);
    await sdk.withUser(bob.token).revokeGrant(second.grantId);
    await notes(sdk, bob.token);
  });

  test("a suspended user is out with the next call", async () => {
    await vault.operator.call("suspendUser", { id: bob.userId });
    try {
      await refused(notes(sdk, bob.token), UserTokenError);
      expect(await sdk.verifyUserToken(bob.token)).toBeNull();
    } finally {
      await vault.operator.call("resumeUser", { id: bob.userId });
    }
    await notes(sdk, bob.token);
  });
});

describe("principals", () => {
  test("system, group and agent", async () => {
    const secretId = await secret("fake-shared", "shared");
    const { agentId, apiKey } = await newAgent();
    const system = await sdk.createManagedSecretGrant(secretId, { principal: systemPrincipal() });
    const group = await sdk.createManagedSecretGrant(secretId, {
      principal: groupPrincipal({ idpId, externalGroupId: "eng", label: "Engineers" }),
    });
    const agent = await sdk.createManagedSecretGrant(secretId, { principal: agentPrincipal({ agentId }) });
    expect([system, group, agent].map(({ principalType }) => principalType)).toEqual(["system", "group", "agent"]);
    expect(agent.principalId).toBe(agentId);
    await as({ apiKey }).request("GET", `${upstream.origin}/shared`, { provider: "shared" });
    expect(bearers()).toEqual(["Bearer fake-shared"]);
    await expect(sdk.createManagedSecretGrant(secretId, { principal: agentPrincipal() })).rejects.toThrow(
      AgentKeyRequiredError,
    );
  });
});

describe("sessions", () => {
  test("stand in for the user, do less, and end with what they were made from", async () => {
    const user = sdk.withUser(ada.token);
    const session = await user.createVaultSession({
      scopes: ["proxy:execute", "sessions:write"],
      providers: ["notes"],
    });
    await notes(sdk, session.sessionToken);
    expect(await sdk.resolveIdentity({ userToken: session.sessionToken })).toMatchObject({
      userId: ada.userId,
      sessionId: session.sessionId,
    });
    const { sessionToken: narrow } = await sdk.createVaultSession({
      userToken: session.sessionToken,
      grants: [ada.grantId],
      scopes: ["proxy:execute"],
    });
    await notes(sdk, narrow);
    upstream.calls.length = 0;
    await expect(sdk.listGrants({ userToken: narrow })).rejects.toThrow(InsufficientScopeError);
    await expect(
      sdk.createVaultSession({ userToken: session.sessionToken, providers: ["shared"] }),
    ).rejects.toMatchObject({ code: "session_too_wide" });
    await sdk.revokeVaultSession(session.sessionId);
    await refused(notes(sdk, narrow), UserTokenError);
    await refused(notes(sdk, session.sessionToken), UserTokenError);
  });

  test("bound to an agent they are worth nothing in other hands", async () => {
    const agent = await newAgent();
    await sdk.withUser(ada.token).delegations.create(ada.grantId, { agentId: agent.agentId });
    const { sessionToken } = await sdk.withUser(ada.token).createVaultSession({ agentId: agent.agentId });
    await notes(as(agent), sessionToken);
    upstream.calls.length = 0;
    await refused(notes(sdk, sessionToken), UserTokenError);
    await refused(notes(as(await newAgent()), sessionToken), UserTokenError);
  });

  test("need a user", async () => {
    await expect(sdk.createVaultSession()).rejects.toThrow(UserTokenError);
  });
});

describe("agents", () => {
  test("are made once, found by name, changed, and ended", async () => {
    const options = { name: "scheduling-bot", metadata: { team: "ops" }, idempotencyKey: "deploy-1" };
    const created = await sdk.agents.create(options);
    expect(created.apiKey).toMatch(/^alter_key_/);
    const again = await sdk.agents.create(options);
    expect([again.agentId, again.apiKey]).toEqual([created.agentId, null]);
    await expect(sdk.agents.create({ ...options, name: "other" })).rejects.toThrow(IdempotencyKeyBodyMismatchError);
    await expect(sdk.agents.create({ name: "scheduling-bot" })).rejects.toMatchObject({
      code: "agent_name_exists",
    });
    const made = (await vault.entries()).filter(({ action }) => action === "createAgent").slice(0, 2);
    expect(made).toMatchObject([{ outcome_code: "agent_name_exists" }, { outcome_code: "idempotency_mismatch" }]);
    expect((await sdk.agents.list()).filter(({ name }) => ["other", "scheduling-bot"].includes(name))).toHaveLength(1);

    const { agentId } = created;
    expect(await sdk.agents.getByName("scheduling-bot")).toMatchObject({ agentId, metadata: { team: "ops" } });
    expect(await sdk.agents.update(agentId, { displayName: "Bot" })).toMatchObject({ displayName: "Bot" });
    expect((await sdk.agents.list()).map((agent) => agent.agentId)).toContain(agentId);
    expect(await sdk.agents.delete(agentId)).toMatchObject({ status: "revoked" });
    expect(await sdk.agents.getByName("scheduling-bot")).toBeNull();
    expect((await sdk.agents.list({ includeRevoked: true })).map((agent) => agent.agentId)).toContain(agentId);
    await expect(as(created).me()).rejects.toThrow(/revoked/);
    await expect(sdk.agents.get(WRONG_ID)).rejects.toThrow(AgentNotFoundError);
    await expect(sdk.agents.mintKey(agentId)).rejects.toThrow(AgentRevokedError);
  });

  test("know who they are, also while they are paused, and cannot make others", async () => {
    const agent = await newAgent();
    const itself = as(agent);
    await sdk.agents.pause(agent.agentId);
    expect(await itself.me()).toMatchObject({ agentId: agent.agentId, name: agent.name, status: "paused" });
    await expect(itself.listGrants()).rejects.toThrow(AgentInactiveError);
    await refused(notes(itself), AgentInactiveError);
    await sdk.agents.resume(agent.agentId);
    expect(await itself.me()).toMatchObject({ status: "active" });
    await expect(itself.agents.create({ name: "sub" })).rejects.toThrow(InsufficientScopeError);
    await expect(sdk.me()).rejects.toThrow(AgentKeyRequiredError);
  });

  test("reach what a user delegates, for as long as it is delegated, and both are in the log", async () => {
    const agent = await newAgent();
    const itself = as(agent);
    await refused(notes(itself), NoDelegatedGrantError);
    // Somebody's grant and no grant at all look the same.
    for (const grantId of [ada.grantId, WRONG_ID]) {
      await refused(itself.request(grantId, "GET", `${upstream.origin}/notes`), NoDelegatedGrantError);
    }

    const user = sdk.withUser(ada.token);
    const { delegationId } = await user.delegations.create(ada.grantId, { agentId: agent.agentId });
    const runId = "run-of-an-agent";
    await itself.trace({ runId, threadId: "thread-1" }, () => notes(itself));
    const entry = await vault.lastEntry();
    expect(entry).toMatchObject({
      agent_id: agent.agentId,
      grant_id: ada.grantId,
      delegation_id: delegationId,
      context: { run_id: runId, thread_id: "thread-1" },
    });
    const { entries } = await sdk.listAudit({ agentId: agent.agentId, runId });
    expect(entries.map(({ grantId, decision }) => [grantId, decision])).toEqual([[ada.grantId, "allow"]]);

    // A second user: without a word about whom it is for, it would be a guess.
    await sdk.withUser(bob.token).delegations.create(bob.grantId, { agentId: agent.agentId });
    upstream.calls.length = 0;
    await refused(notes(itself), AmbiguousGrantError);
    await notes(itself, bob.token);
    expect(bearers()).toEqual(["Bearer fake-token-of-bob@example.com"]);
    upstream.calls.length = 0;

    expect(await user.delegations.list({ agentId: agent.agentId })).toMatchObject([{ delegationId, status: "active" }]);
    expect(await user.delegations.revoke(delegationId)).toMatchObject({ status: "revoked" });
    await refused(notes(itself, ada.token), NoDelegatedGrantError);
    await expect(user.delegations.create(bob.grantId, { agentId: agent.agentId })).rejects.toThrow(GrantNotFoundError);
    await expect(sdk.delegations.create(ada.grantId, { agentId: agent.agentId })).rejects.toThrow(UserTokenError);
  });
});

describe("keys", () => {
  test("are replaced without a gap, and the old one says that it is old", async () => {
    const agent = await newAgent();
    const lines: string[] = [];
    const old = vault.sdk({ apiKey: agent.apiKey ?? "", logger: { warn: (line) => void lines.push(line) } });
    await old.me();
    const next = await sdk.keys.rotate(agent.keyId ?? "");
    expect(next).toMatchObject({ agentId: agent.agentId, status: "active" });
    await old.me();
    await old.me();
    expect(lines).toEqual([expect.stringContaining(`The API key ${agent.keyId} is deprecated`)]);
    await as(next).me();

    expect(await sdk.keys.undeprecate(agent.keyId ?? "")).toMatchObject({ status: "active" });
    expect(await sdk.keys.deprecate(agent.keyId ?? "")).toMatchObject({ status: "deprecated" });
    await sdk.keys.revoke(agent.keyId ?? "");
    await expect(old.me()).rejects.toThrow(InvalidKeyError);
    await expect(sdk.keys.revoke(next.keyId)).rejects.toThrow(LastActiveKeyError);
    expect((await sdk.agents.listKeys(agent.agentId)).map(({ status }) => status).toSorted()).toEqual([
      "active",
      "revoked",
    ]);
    expect(await sdk.keys.revoke(next.keyId, { force: true })).toMatchObject({ status: "revoked" });
    await expect(sdk.keys.rotate("nosuchkey0000000")).rejects.toThrow(KeyNotFoundError);
  });

  test("of an agent may be bound to a rate", async () => {
    const agent = await newAgent();
    const key = await sdk.agents.mintKey(agent.agentId, { constraints: { requestsPerMinute: 1 } });
    const itself = as(key);
    await itself.me();
    await expect(itself.me()).rejects.toMatchObject({ code: "rate_limited" });
  });
});
