import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startExampleVault, type ExampleVault } from "@alter-vault/example-support";
import { AlterVault, userPrincipal } from "@alter-vault/sdk";
import { createApp, type Agent } from "./app.ts";
import { PEOPLE, startIdentityProvider } from "./identity-provider.ts";
import { createLogin } from "./login.ts";
import { startTracker, type Tracker } from "./tracker.ts";

/** Everything that takes part, running on this machine. */
export interface World {
  readonly url: string;
  readonly vault: AlterVault;
  readonly agents: readonly Agent[];
  readonly tracker: Tracker;
  stop(): Promise<void>;
}

const ACCOUNTS = PEOPLE.map(({ id, name }) => ({
  owner: id,
  token: `fake-tracker-token-of-${id}`,
  issues: [`${name}'s door is stuck`, `${name}'s lamp is out`],
}));

export async function startWorld(): Promise<World> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const redirectUri = `${url}/callback`;
  const [exampleVault, identityProvider, tracker] = await Promise.all([
    startExampleVault(),
    startIdentityProvider(redirectUri),
    startTracker(ACCOUNTS),
  ]);
  const { issuer, clientId } = identityProvider;
  await exampleVault.trustIssuer(issuer, clientId);
  const vault = await openVault(exampleVault);
  const secrets = await storeAccounts(exampleVault, tracker.origin);
  const agents = await registerAgents(exampleVault);
  const login = await createLogin({
    ...identityProvider,
    redirectUri,
    // In your app the user would connect their account, see vault.createConnectSession(). Here the tracker's tokens are
    // there from the beginning, and each is given to the user it belongs to when they come for the first time.
    async onLogin({ idToken, name }) {
      const user = vault.withUser(idToken);
      const { externalSubjectId } = await user.resolveIdentity();
      const secretId = secrets.get(externalSubjectId ?? "");
      if (secretId === undefined || (await user.listGrants()).grants.length > 0) return;
      const principal = userPrincipal({ userToken: idToken, label: `${name}'s issues` });
      await vault.createManagedSecretGrant(secretId, { principal });
    },
  });
  server.on("request", createApp({ vault, agents, login, trackerOrigin: tracker.origin }));
  return {
    url,
    vault,
    agents,
    tracker,
    async stop() {
      server.closeAllConnections();
      server.close();
      await Promise.all([vault.close(), ...agents.map((agent) => agent.vault.close())]);
      await Promise.all([exampleVault.stop(), identityProvider.close(), tracker.close()]);
    },
  };
}

/** The app's own key may issue grants and sessions and read the log, and cannot change who is trusted. */
async function openVault(exampleVault: ExampleVault): Promise<AlterVault> {
  const scopes = ["proxy:execute", "grants:read", "grants:write", "sessions:write", "audit:read"];
  return new AlterVault({
    apiKey: await exampleVault.createKey("notebook", scopes),
    baseUrl: exampleVault.url,
    caller: "notebook",
    callerType: "service",
  });
}

async function storeAccounts(exampleVault: ExampleVault, origin: string): Promise<ReadonlyMap<string, string>> {
  const secrets = new Map<string, string>();
  for (const { owner, token } of ACCOUNTS) {
    const { secret_id: secretId, grant_id: grantId } = await exampleVault.storeToken("tracker", token, origin, owner);
    // The grant that comes with a secret is for the whole app. These are for one person each.
    await exampleVault.revoke(grantId);
    secrets.set(owner, secretId);
  }
  return secrets;
}

async function registerAgents(exampleVault: ExampleVault): Promise<Agent[]> {
  // Nobody gives an agent what they do not have.
  const apiKey = await exampleVault.createKey("operator", ["agents:write", "proxy:execute"]);
  await using operator = new AlterVault({ apiKey, baseUrl: exampleVault.url, caller: "operator" });
  const agents: Agent[] = [];
  for (const name of ["scout", "scribe"]) {
    const { agentId, apiKey: agentKey } = await operator.agents.create({ name });
    if (agentKey === null) throw new Error(`${name} was made before`);
    agents.push({
      agentId,
      name,
      vault: new AlterVault({ apiKey: agentKey, baseUrl: exampleVault.url, caller: name }),
    });
  }
  return agents;
}
