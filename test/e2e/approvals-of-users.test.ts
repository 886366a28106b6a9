import { policy, rule } from "@alter-vault/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { getThrough, rawCall } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * A call of a user waits for approval, and what let it wait ends meanwhile: it is not made, whoever says yes.
 */
let upstream: Upstream;
let world: IdentityWorld;
let agentKey: string;
let parent: { id: string; token: string };
let child: string;

beforeEach(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  const { operator } = world.vault;
  agentKey = (await operator.call("createKey", { body: { name: "asks" } })).api_key;
  const rules = [rule("ask").requireApproval({ approvers: { operator: true }, quorum: 1, expires_in_seconds: 600 })];
  await operator.call("publishPolicy", { body: { document: policy({ rules }) } });
  parent = await world.sessionWithId(await world.issuer.sign());
  child = await world.session(parent.token);
});
afterEach(async () => {
  await world.stop();
  await upstream.close();
});

async function ask(): Promise<string> {
  const alter = { ...getThrough(world.grants.ada, `${upstream.origin}/pay`), "alter-user-token": child };
  const asked = await rawCall(world.vault.url, agentKey, { alter: { ...alter, "alter-reason": '"For the tea"' } });
  expect(asked.problem?.code).toBe("approval_required");
  return asked.problem?.approval_id ?? "";
}

async function approve(id: string): Promise<{ status: string; problem: string | null }> {
  const { operator } = world.vault;
  await operator.call("decideApproval", { id, body: { decision: "approve" } });
  for (let look = 0; look < 200; look++) {
    const { status, problem } = await operator.call("getApproval", { id });
    if (!["pending", "approved", "executing"].includes(status)) return { status, problem: problem ?? null };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("nothing came of it");
}

test("it is made when all of that still stands", async () => {
  expect(await approve(await ask())).toMatchObject({ status: "executed" });
  expect(upstream.calls).toHaveLength(1);
});

const idpOfAda = async (): Promise<string> => {
  const { identity_providers } = await world.vault.operator.call("listIdentityProviders");
  return identity_providers.find(({ issuer }) => issuer === world.issuer.issuer)?.idp_id ?? "";
};
test.each<[string, string, () => Promise<unknown>]>([
  [
    "the identity provider of the user is trusted no longer",
    "user_inactive",
    async () =>
      world.vault.operator.call("updateIdentityProvider", { id: await idpOfAda(), body: { status: "disabled" } }),
  ],
  [
    "the session that the user's session was made from was revoked",
    "session_invalid",
    () => world.vault.operator.call("revokeVaultSession", { id: parent.id }),
  ],
  [
    "the user was suspended",
    "user_inactive",
    async () => world.vault.operator.call("suspendUser", { id: await world.userIdOf(await world.issuer.sign()) }),
  ],
])("%s", async (_, code, end) => {
  const id = await ask();
  await end();
  expect(await approve(id)).toMatchObject({ status: "failed" });
  expect(upstream.calls).toEqual([]);
  expect(await world.vault.lastEntry()).toMatchObject({ decision: "deny", code, approval_id: id });
});

test("who may decide by a link may not when they are shut out", async () => {
  const { operator, url } = world.vault;
  const adaId = await world.userIdOf(await world.issuer.sign());
  const rules = [rule("ask").requireApproval({ approvers: { users: [adaId] }, quorum: 1, expires_in_seconds: 600 })];
  await operator.call("publishPolicy", { body: { document: policy({ rules }) } });
  const alter = { ...getThrough(world.grants.app, `${upstream.origin}/pay`), "alter-reason": '"For the tea"' };
  const asked = await rawCall(world.vault.url, agentKey, { alter });
  const id = asked.problem?.approval_id ?? "";
  const link = (await operator.call("createApprovalLink", { id, body: { user_id: adaId } })).url;
  await operator.call("updateIdentityProvider", { id: await idpOfAda(), body: { status: "disabled" } });
  const body = new URLSearchParams({ token: new URL(link).searchParams.get("token") ?? "", decision: "approve" });
  const page = await fetch(`${url}/approvals`, { method: "POST", body, headers: { "sec-fetch-site": "same-origin" } });
  expect(await page.text()).toContain("approval_not_allowed");
  expect((await operator.call("getApproval", { id })).status).toBe("pending");
  expect(upstream.calls).toEqual([]);
  const refusal = (await world.vault.entries()).find(({ action }) => action === "decideApproval");
  expect(refusal).toMatchObject({ decision: "deny", code: "approval_not_allowed" });
});
