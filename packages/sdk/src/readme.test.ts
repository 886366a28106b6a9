/* oxlint-disable no-unused-vars -- examples show what comes back */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  AlterVault,
  GrantNotFoundError,
  Provider,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
  systemPrincipal,
  type ConnectSession,
} from "./index.ts";

/* What the examples take for granted. */
declare const vault: AlterVault;
declare const session: ConnectSession;
declare const [grantId, otherGrantId, secretId, url]: readonly [string, string, string, string];
declare const [apiKey, agentKey, agentId, oldKeyId, userId]: readonly [string, string, string, string, string];
declare const [userToken, otherToken, tokenOfTheClient]: readonly [string, string, string];
declare const [runId, threadId]: readonly [string, string];
declare function currentSession(): { readonly idToken: string } | undefined;
declare const incidentAt: Date;
declare function saveGrant(grant: { grantId: string; providerId: string; accountIdentifier: string }): Promise<void>;
declare function showToUser(text: string): void;
declare function askToConnectAgain(grantId: string): Promise<void>;
declare function redirect(url: string): Response;

/** The examples of README.md from "Connecting accounts" on, in order. They are here to be compiled, not to be run. */
const EXAMPLES: readonly (() => Promise<unknown>)[] = [
  async () => {
    const accounts = await vault.connect({ providers: [Provider.GOOGLE] });
    for (const { grantId, providerId, accountIdentifier } of accounts) {
      await saveGrant({ grantId, providerId, accountIdentifier });
    }
  },
  async () => {
    await vault.connect({
      providers: [Provider.GITHUB],
      requiredScopes: { github: ["repo"] },
      grantPolicy: { maxTtlSeconds: 86_400, defaultTtlSeconds: 3600 },
      openBrowser: false,
      onUrl: (url) => showToUser(url),
    });
  },
  async () => {
    const session = await vault.createConnectSession({
      allowedProviders: [Provider.GOOGLE, Provider.SLACK],
      returnUrl: "https://app.example.com/connected",
    });
    return redirect(session.connectUrl);
  },
  async () => {
    const { status, grants, error } = await vault.pollConnectSession(session.sessionToken);
    if (status === "completed") await Promise.all(grants.map(saveGrant));
    else if (status === "failed") console.error(error?.code, error?.detail);
  },
  async () => {
    const [account] = await vault.connectDevice({
      provider: Provider.GITHUB,
      scopes: ["repo"],
      onCode: ({ userCode, verificationUri }) => showToUser(`Open ${verificationUri} and enter ${userCode}`),
    });
  },
  async () => {
    const providers = await vault.oauthProviders.list({ configured: true });
    const google = await vault.oauthProviders.get(Provider.GOOGLE);
  },
  async () => {
    try {
      await vault.request("GET", url, { provider: Provider.GOOGLE });
    } catch (error) {
      if (
        error instanceof ReAuthRequiredError ||
        error instanceof ScopeReauthRequiredError ||
        error instanceof GrantNotFoundError
      ) {
        const { connectUrl } = await vault.createConnectSessionForError(error);
        return redirect(connectUrl);
      }
      throw error;
    }
  },
  async () => {
    const check = await vault.check({ provider: Provider.GOOGLE, scopes: ["calendar.readonly"] });
    if (!check.ok && check.action.url !== null) return redirect(check.action.url);
  },
  async () => {
    const { grants, nextCursor } = await vault.listGrants({ providerId: "github", limit: 10 });
    for await (const grant of vault.grants({ status: "active" })) {
      if (grant.credentialStatus === "reauth_required" || grant.scopeMismatch) await askToConnectAgain(grant.grantId);
    }
    await vault.setGrantData(grantId, { folder: "inbox" });
    const { folder } = await vault.getGrantData(grantId);
    await vault.refreshGrant(grantId);
  },
  async () => {
    const { providerRevocation, manualUrl } = await vault.revokeGrant(grantId, { reason: "project is over" });
    await vault.disconnectGrant(otherGrantId);
    const { matched } = await vault.revokeGrants({ providerId: "github", createdBefore: incidentAt, dryRun: true });
  },
  async () => {
    const grant = await vault.createManagedSecretGrant(secretId, {
      principal: systemPrincipal({ label: "nightly" }),
      expiresInSeconds: 3600,
    });
    const { appName, scopes } = await vault.whoami();
  },
  async () => {
    const vault = new AlterVault({ apiKey, userTokenGetter: () => currentSession()?.idToken });
    await vault.request("GET", url, { provider: Provider.GOOGLE });
    await vault.request("GET", url, { provider: Provider.GOOGLE, userToken: otherToken });
    const mine = vault.withUser(userToken);
    const { grants } = await mine.listGrants();
  },
  async () => {
    const user = await vault.verifyUserToken(tokenOfTheClient);
    if (user === null) return new Response(null, { status: 401 });
    const { userId, groups, userStatus } = await vault.resolveIdentity({ userToken });
    return user.name;
  },
  async () => {
    const { userInfo } = await vault.authenticate();
    console.log(`Hello ${userInfo.name ?? userInfo.sub}`);
    await vault.request("GET", url, { provider: Provider.GOOGLE });
  },
  async () => {
    const session = await vault.createVaultSession({
      userToken,
      providers: [Provider.GITHUB],
      scopes: ["proxy:execute"],
      expiresInSeconds: 300,
    });
    await vault.request("GET", url, { provider: Provider.GITHUB, userToken: session.sessionToken });
    const narrower = await vault.createVaultSession({ userToken: session.sessionToken, grants: [grantId] });
    await vault.revokeVaultSession(session.sessionId);
  },
  async () => {
    const { agentId, apiKey } = await vault.agents.create({ name: "scheduling-bot", idempotencyKey: "deploy-7" });
    await vault.withUser(userToken).delegations.create(grantId, { agentId, expiresInSeconds: 3600 });
  },
  async () => {
    const agent = new AlterVault({ apiKey: agentKey, caller: "scheduling-bot" });
    const { name, status } = await agent.me();
    await agent.trace({ runId, threadId }, () => agent.request("GET", url, { provider: Provider.GOOGLE, userToken }));
  },
  async () => {
    await vault.agents.pause(agentId);
    await vault.agents.resume(agentId);
    const [key] = await vault.agents.listKeys(agentId);
    const next = await vault.keys.rotate(oldKeyId);
    await vault.keys.revoke(oldKeyId);
    const delegations = await vault.delegations.list({ agentId });
    const { entries } = await vault.listAudit({ agentId, userId, limit: 20 });
  },
];

test("the examples of the README are the ones that compile", () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
  const readme = read("../README.md");
  const part = readme.slice(readme.indexOf("## Connecting accounts"), readme.indexOf("## Retrieve mode"));
  const shown = [...part.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => withoutSpace(code));
  const compiled = withoutSpace(read("./readme.test.ts"));
  expect(shown).toHaveLength(EXAMPLES.length);
  for (const code of shown) expect(compiled.includes(code), code).toBe(true);
});

function withoutSpace(code: string): string {
  return code.replaceAll(/\s/g, "");
}
