import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { scimClient, send, signedNotice, type DirectoryAnswer } from "../harness/directory-client.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { startTokenIssuer, type TokenIssuer } from "../harness/token-issuer.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/* What identity providers tell of by themselves counts for the very next call, and only they can tell it. */
const SECRET = `whsec_${Buffer.from("fake-webhook-secret-0123456789").toString("base64")}`;
let world: IdentityWorld;
let upstream: Upstream;
let attempt: Attempts;
let issuer: TokenIssuer;
let idp: string;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  attempt = attempts(world, upstream);
  issuer = await startTokenIssuer();
  idp = await world.trust(issuer);
});
afterAll(async () => {
  await world.stop();
  await issuer.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

/** A moment ago, so that what the directory says next is newer. */
const earlier = (): number => Math.floor(Date.now() / 1000) - 3;
const tokenOf = (sub: string, groups?: readonly string[]): Promise<string> =>
  issuer.sign({ sub, groups, iat: earlier() });
const works = async (token: string, grant: string): Promise<boolean> =>
  (await attempt.send(attempt.byGrant(token, grant))).status === 200;
const codeOf = (answer: DirectoryAnswer): unknown => (answer.body as { code?: string } | null)?.code;

let users = 0;
/** A user who signed in, with a grant of their own. */
async function newUser(): Promise<{ sub: string; token: string; id: string; grant: string }> {
  const sub = `user-${++users}`;
  const token = await tokenOf(sub);
  const id = await world.userIdOf(token);
  const grant = await world.issue(`fake-token-of-${sub}`, { type: "user", user_id: id, label: sub }, sub);
  expect(await works(token, grant)).toBe(true);
  upstream.calls.length = 0;
  return { sub, token, id, grant };
}

async function lastDirectoryEntry(): Promise<Record<string, unknown> | undefined> {
  for (let tries = 0; ; tries++) {
    const entry = (await world.vault.entries(20)).find(({ kind }) => kind === "directory");
    if (entry?.outcome !== "pending" || tries > 50) return entry;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("notices of Clerk", () => {
  const notify = (event: unknown, how: Parameters<typeof signedNotice>[2] = {}, secret = SECRET) =>
    send(`${world.vault.url}/webhooks/idp/${idp}`, signedNotice(secret, event, how));

  beforeAll(async () => {
    await world.vault.operator.call("putIdentityProviderWebhook", { id: idp, body: { kind: "svix", secret: SECRET } });
  });

  test("a user who was deleted makes no call any more, nor by a token from before", async () => {
    const { sub, token, id, grant } = await newUser();
    expect(await notify({ type: "user.deleted", data: { id: sub, deleted: true } })).toMatchObject({ status: 204 });
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    await attempt.refused(attempt.byGrant(await tokenOf(sub), grant), "user_inactive");
    expect(await lastDirectoryEntry()).toMatchObject({
      action: "directory.webhook.user.deleted",
      decision: "allow",
      outcome: "done",
      user_id: id,
      context: { idp_id: idp },
    });
    expect((await world.vault.operator.call("getGrant", { id: grant })).status).toBe("deleted");
  });

  test("a user who was never here, and is deleted, is not made by a token that is still good", async () => {
    const token = await tokenOf("never-here");
    await notify({ type: "user.deleted", data: { id: "never-here" } });
    await attempt.refused(attempt.provider(token), "user_inactive");
  });

  test("banned and let back in", async () => {
    const { sub, token, grant } = await newUser();
    const told = (banned: boolean) =>
      notify({ type: "user.updated", data: { id: sub, banned, updated_at: Date.now() } });
    await told(true);
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    await told(false);
    expect(await works(token, grant)).toBe(true);
  });

  test("the operator's suspension is not undone by the directory", async () => {
    const { sub, token, id, grant } = await newUser();
    await world.vault.operator.call("suspendUser", { id });
    await notify({ type: "user.updated", data: { id: sub, banned: false } });
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    await world.vault.operator.call("resumeUser", { id });
    await notify({ type: "user.updated", data: { id: sub, banned: true } });
    const resumed = await attempt.send(attempt.admin(`/v1/users/${id}/resume`));
    expect(resumed.problem?.code).toBe("user_inactive");
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
  });

  test("whoever left a group does not come back by a token from before", async () => {
    const sub = `user-${++users}`;
    const token = await tokenOf(sub, ["org_1"]);
    await world.userIdOf(token);
    const grant = await world.issue(
      "fake-token-org",
      { type: "group", idp_id: idp, external_group_id: "org_1", label: "Org" },
      "org",
    );
    expect(await works(token, grant)).toBe(true);
    upstream.calls.length = 0;
    const left = { organization: { id: "org_1" }, public_user_data: { user_id: sub } };
    await notify({ type: "organizationMembership.deleted", data: left });
    await attempt.refused(attempt.byGrant(token, grant), "grant_not_found");
    await attempt.refused(attempt.byGrant(await tokenOf(sub, ["org_1"]), grant), "grant_not_found");
    const back = await issuer.sign({ sub, groups: ["org_1"], iat: Math.floor(Date.now() / 1000) + 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await works(back, grant)).toBe(true);
  });

  test("the same notice again does nothing", async () => {
    const { sub, token, grant } = await newUser();
    const banned = { type: "user.updated", data: { id: sub, banned: true } };
    const how = { id: "msg_once", at: Date.now() };
    await notify(banned, how);
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    await notify({ type: "user.updated", data: { id: sub, banned: false } });
    expect(await notify(banned, how)).toMatchObject({ status: 204 });
    expect(await works(token, grant)).toBe(true);
    await world.vault.restart();
    expect(await notify(banned, how)).toMatchObject({ status: 204 });
    expect(await works(token, grant)).toBe(true);
  });

  test.each<[string, () => Promise<DirectoryAnswer>]>([
    ["another secret", () => notify({ type: "user.deleted", data: { id: "ada" } }, {}, "another-secret-0123456789")],
    ["six minutes old", () => notify({ type: "user.deleted", data: { id: "ada" } }, { at: Date.now() - 360_000 })],
    [
      "not signed",
      () => send(`${world.vault.url}/webhooks/idp/${idp}`, { body: '{"type":"user.deleted","data":{"id":"ada"}}' }),
    ],
    [
      "to an address that is nobody's",
      () => send(`${world.vault.url}/webhooks/idp/01890000-0000-7000-8000-00000000abcd`, signedNotice(SECRET, {})),
    ],
    ["to an address that is no id", () => send(`${world.vault.url}/webhooks/idp/x'--`, signedNotice(SECRET, {}))],
  ])("refused, and written down: %s", async (_name, notice) => {
    const answer = await notice();
    expect([answer.status, codeOf(answer)]).toEqual([401, "directory_unauthorized"]);
    const entry = await attempt.entryOf({ problem: { request_id: answer.headers.get("alter-request-id") } } as never);
    expect(entry).toMatchObject({ kind: "directory", decision: "deny", code: "directory_unauthorized" });
  });

  test("what is no notice: a broken body, another method, too much of it", async () => {
    const url = `${world.vault.url}/webhooks/idp/${idp}`;
    expect(codeOf(await notify({ type: "user.deleted", data: {} }))).toBe("invalid_request");
    expect((await send(url, { method: "GET" })).status).toBe(405);
    expect((await send(url, { body: "x".repeat(3_000_000) }).catch(() => ({ status: 413 }))).status).toBe(413);
  });

  test("a flood of refusals does not fill the log", async () => {
    const before = (await world.vault.operator.call("verifyAudit")).rows;
    const flood = Array.from({ length: 1200 }, () => send(`${world.vault.url}/webhooks/idp/${idp}`, { body: "{}" }));
    const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
    expect([...statuses]).toEqual([401]);
    expect((await world.vault.operator.call("verifyAudit")).rows - before).toBeLessThan(1000);
  });
});

describe("notices of Auth0, and of any other", () => {
  test("blocked and unblocked by the log stream", async () => {
    await world.vault.operator.call("putIdentityProviderWebhook", {
      id: idp,
      body: { kind: "auth0", secret: "fake-log-stream-token" },
    });
    const { sub, token, grant } = await newUser();
    const stream = (type: string, authorization = "Bearer fake-log-stream-token") =>
      send(`${world.vault.url}/webhooks/idp/${idp}`, {
        headers: { authorization },
        body: JSON.stringify([
          { log_id: `${sub} ${type}`, data: { type, date: new Date().toISOString(), user_id: sub } },
        ]),
      });
    expect((await stream("ublkdu", "Bearer wrong")).status).toBe(401);
    expect(await works(token, grant)).toBe(true);
    upstream.calls.length = 0;
    expect((await stream("ublkdu")).status).toBe(204);
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    await stream("ubuu");
    expect(await works(token, grant)).toBe(true);
  });

  test("by Standard Webhooks", async () => {
    const secret = "fake-generic-secret-0123456789";
    await world.vault.operator.call("putIdentityProviderWebhook", { id: idp, body: { kind: "generic", secret } });
    const { sub, token, grant } = await newUser();
    const notice = signedNotice(secret, { type: "user.suspended", user_id: sub }, { prefix: "webhook" });
    expect((await send(`${world.vault.url}/webhooks/idp/${idp}`, notice)).status).toBe(204);
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
  });
});

describe("SCIM", () => {
  let scim: ReturnType<typeof scimClient>;
  let url: string;
  const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
  const patch = (...Operations: unknown[]) => ({ schemas: [PATCH], Operations });
  const idOf = ({ body }: DirectoryAnswer): string => (body as { id: string }).id;

  beforeAll(async () => {
    const made = await world.vault.operator.call("createScimToken", { id: idp });
    url = made.scim_url;
    scim = scimClient(url, made.scim_token);
  });

  test("a user is provisioned, found, changed, switched off and on, and removed", async () => {
    const made = await scim("POST", "/Users", {
      userName: "Grace@example.com",
      externalId: "grace",
      displayName: "Grace",
      active: true,
    });
    expect(made).toMatchObject({
      status: 201,
      body: { userName: "Grace@example.com", externalId: "grace", active: true },
    });
    expect(made.headers.get("content-type")).toBe("application/scim+json");
    expect(made.headers.get("location")).toBe(`${url}/Users/${idOf(made)}`);
    const id = idOf(made);
    const token = await tokenOf("grace");
    expect(await world.userIdOf(token)).toBe(id);
    const grant = await world.issue("fake-token-of-grace", { type: "user", user_id: id, label: "g" }, "grace");
    expect(await works(token, grant)).toBe(true);

    for (const filter of ['userName eq "grace@EXAMPLE.com"', 'externalId eq "grace"']) {
      const found = await scim("GET", `/Users?filter=${encodeURIComponent(filter)}`);
      expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    }
    upstream.calls.length = 0;
    expect(await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "False" }))).toMatchObject(
      {
        status: 200,
        body: { active: false },
      },
    );
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    const put = await scim("PUT", `/Users/${id}`, { userName: "grace@example.com", externalId: "grace", active: true });
    expect(put).toMatchObject({ status: 200, body: { active: true, userName: "grace@example.com" } });
    expect(await works(token, grant)).toBe(true);
    upstream.calls.length = 0;

    expect((await scim("DELETE", `/Users/${id}`)).status).toBe(204);
    await attempt.refused(attempt.byGrant(token, grant), "user_inactive");
    expect((await scim("GET", `/Users/${id}`)).status).toBe(404);
    expect((await scim("DELETE", `/Users/${id}`)).status).toBe(404);
    expect(await scim("POST", "/Users", { userName: "grace@example.com", externalId: "grace" })).toMatchObject({
      status: 409,
      body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "409", scimType: "uniqueness" },
    });
    expect(await lastDirectoryEntry()).toMatchObject({
      action: "directory.scim.user.create",
      decision: "deny",
      code: "conflict",
    });
  });

  test("somebody who came by a token first is taken over; somebody who is provisioned is not made twice", async () => {
    const { sub, id } = await newUser();
    const made = await scim("POST", "/Users", { userName: `${sub}@example.com`, externalId: sub });
    expect([made.status, idOf(made)]).toEqual([201, id]);
    expect((await scim("POST", "/Users", { userName: "x", externalId: sub })).status).toBe(409);
    expect((await scim("POST", "/Users", { userName: `${sub}@EXAMPLE.com`, externalId: "another" })).status).toBe(409);
    const changed = await scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "externalId", value: "eve" }));
    expect(changed).toMatchObject({ status: 400, body: { scimType: "mutability" } });
  });

  test("a group gives and takes", async () => {
    const { id, token } = await newUser();
    const other = await newUser();
    const made = await scim("POST", "/Groups", { displayName: "Ops", externalId: "ops", members: [{ value: id }] });
    expect(made).toMatchObject({ status: 201, body: { displayName: "Ops", members: [{ value: id }] } });
    const group = idOf(made);
    const grant = await world.issue(
      "fake-token-ops",
      { type: "group", idp_id: idp, external_group_id: "ops", label: "Ops" },
      "ops",
    );
    expect(await works(token, grant)).toBe(true);
    upstream.calls.length = 0;
    await attempt.refused(attempt.byGrant(other.token, grant), "grant_not_found");

    const swap = patch(
      { op: "remove", path: `members[value eq "${id}"]` },
      { op: "add", path: "members", value: [{ value: other.id }] },
    );
    expect(await scim("PATCH", `/Groups/${group}`, swap)).toMatchObject({
      status: 200,
      body: { members: [{ value: other.id }] },
    });
    await attempt.refused(attempt.byGrant(token, grant), "grant_not_found");
    expect(await works(other.token, grant)).toBe(true);
    upstream.calls.length = 0;
    // A token that says nothing of groups takes nothing away that the directory gave.
    expect(await works(await tokenOf(other.sub, []), grant)).toBe(true);
    upstream.calls.length = 0;

    const put = await scim("PUT", `/Groups/${group}`, { displayName: "Operations", members: [] });
    expect(put).toMatchObject({ status: 200, body: { displayName: "Operations", members: [] } });
    await attempt.refused(attempt.byGrant(other.token, grant), "grant_not_found");
    const found = await scim(
      "GET",
      `/Groups?filter=${encodeURIComponent('displayName eq "Operations"')}&excludedAttributes=members`,
    );
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: group }] });
    expect(JSON.stringify(found.body)).not.toContain("members");
    expect((await scim("DELETE", `/Groups/${group}`)).status).toBe(204);
    expect((await world.vault.operator.call("getGrant", { id: grant })).status).toBe("deleted");
    // Another group of that name is another group.
    await scim("POST", "/Groups", { displayName: "Ops", externalId: "ops", members: [{ value: id }] });
    const late = await attempt.send(attempt.byGrant(token, grant));
    expect(late.problem?.code).toBe("grant_not_found");
  });

  test("lists by place, and says what it can do", async () => {
    const all = await scim("GET", "/Users?count=2&startIndex=2");
    const { totalResults, Resources } = all.body as { totalResults: number; Resources: { id: string }[] };
    expect(Resources).toHaveLength(2);
    expect(totalResults).toBeGreaterThan(3);
    expect(await scim("GET", "/Users?count=0")).toMatchObject({ body: { totalResults, Resources: [] } });
    expect(await scim("GET", "/ServiceProviderConfig")).toMatchObject({
      status: 200,
      body: { patch: { supported: true } },
    });
    expect(await scim("GET", "/ResourceTypes")).toMatchObject({ body: { totalResults: 2 } });
    expect(await scim("GET", "/ResourceTypes/User")).toMatchObject({ body: { endpoint: "/Users" } });
    expect(await scim("GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group")).toMatchObject({
      body: { name: "Group" },
    });
  });

  test.each<[string, string, unknown, number, string | undefined]>([
    ["GET", "/Users?filter=userName%20sw%20%22a%22", undefined, 400, "invalidFilter"],
    ["POST", "/Users", { displayName: "nameless" }, 400, "invalidValue"],
    [
      "POST",
      "/Groups",
      { displayName: "x", members: [{ value: "01890000-0000-7000-8000-00000000abcd" }] },
      400,
      "invalidValue",
    ],
    ["PATCH", "/Users/01890000-0000-7000-8000-00000000abcd", {}, 404, undefined],
    ["GET", "/Users/x'--", undefined, 404, undefined],
    ["GET", "/Nothing", undefined, 404, undefined],
    ["DELETE", "/Users", undefined, 405, undefined],
  ])("%s %s: %s is refused", async (method, path, body, status, scimType) => {
    const answer = await scim(method, path, body);
    expect(answer).toMatchObject({
      status,
      body: { status: String(status), ...(scimType === undefined ? {} : { scimType }) },
    });
  });

  test("a token is one identity provider's, and the newest only", async () => {
    const other = await world.vault.operator.call("createScimToken", { id: await idOfFirst() });
    const ofOther = scimClient(other.scim_url, other.scim_token);
    expect((await ofOther("GET", "/Users")).status).toBe(200);
    // Neither at this one's address, nor this one's users at its own.
    expect((await scimClient(url, other.scim_token)("GET", "/Users")).status).toBe(401);
    const { id } = await newUser();
    expect((await ofOther("GET", `/Users/${id}`)).status).toBe(404);
    expect((await ofOther("DELETE", `/Users/${id}`)).status).toBe(404);
    expect(await ofOther("POST", "/Groups", { displayName: "theirs", members: [{ value: id }] })).toMatchObject({
      status: 400,
    });
    for (const token of ["", "wrong", world.vault.apiKey]) {
      const answer = await scimClient(url, token)("DELETE", `/Users/${id}`);
      expect(answer).toMatchObject({ status: 401, body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"] } });
    }
    const newest = await world.vault.operator.call("createScimToken", { id: idp });
    expect((await scim("GET", "/Users")).status).toBe(401);
    scim = scimClient(url, newest.scim_token);
    await world.vault.operator.call("updateIdentityProvider", { id: idp, body: { status: "disabled" } });
    expect((await scim("GET", "/Users")).status).toBe(401);
    await world.vault.operator.call("updateIdentityProvider", { id: idp, body: { status: "active" } });
    expect((await scim("GET", "/Users")).status).toBe(200);
  });

  async function idOfFirst(): Promise<string> {
    const { identity_providers } = await world.vault.operator.call("listIdentityProviders");
    return identity_providers.find((one) => one.issuer === world.issuer.issuer)?.idp_id ?? "";
  }
});
