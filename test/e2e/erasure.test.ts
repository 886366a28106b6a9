import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { encodeJsonHeader } from "@alter-vault/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tokenHash } from "../../packages/server/src/identity/token-hash.ts";
import { idpRecord, newId } from "../../packages/server/src/store/contract.test-support.ts";
import { expectWritten } from "../harness/expect-written.ts";
import { startOAuthVault, type OAuthVault } from "../harness/oauth-vault.ts";
import { getThrough, rawCall, type RawAnswer } from "../harness/raw-call.ts";
import { onPostgres } from "../harness/test-storage.ts";

/* A user is exported, and erased: at the provider, in every table, in every byte of the files. */
const PROVIDER = "google";
const NOT_REVOCABLE = "aircall";
const TARGET = "https://www.googleapis.com/fake-probe/quetzalcoatlus@people.example";
const SUBJECT = "subject-of-quetzalcoatlus";
const EMAIL = "quetzalcoatlus@people.example";

let vault: OAuthVault;
let idpId: string;
beforeAll(async () => {
  vault = await startOAuthVault();
  await vault.configure(PROVIDER);
  const idp = idpRecord(vault.appId);
  idpId = idp.id;
  await vault.store.insertIdp(idp);
});
afterAll(() => vault.stop());

interface Signed {
  readonly id: string;
  readonly session: string;
}

async function signIn(subject: string, email: string): Promise<Signed> {
  const { store, appId, clock } = vault;
  const now = clock.now();
  const seen = {
    newId: newId(),
    subject,
    email,
    name: `Name of ${email}`,
    source: "token",
    at: now,
    saidAt: now,
  } as const;
  const id = (await store.seeUser(appId, idpId, seen))?.user.id ?? "";
  const session = `alter_sess_${randomBytes(32).toString("base64url")}`;
  await store.insertVaultSession({
    id: newId(),
    appId,
    tokenHash: tokenHash(session),
    userId: id,
    agentId: null,
    scopes: ["proxy:execute", "grants:read"],
    providers: null,
    grants: null,
    parentId: null,
    createdAt: now,
    expiresAt: now + 3_600_000,
    revokedAt: null,
  });
  return { id, session };
}

function call(grantId: string, session: string, toolCall?: string): Promise<RawAnswer> {
  const context = { run_id: "r", thread_id: "t", tool_call_id: toolCall ?? "none" };
  const more = { "alter-user-token": session, "alter-context": encodeJsonHeader(context) };
  return rawCall(vault.url, vault.apiKey, {
    alter: getThrough(grantId, TARGET, toolCall === undefined ? more : { ...more, "alter-call": "0" }),
    created: Math.floor(vault.clock.now() / 1000),
  });
}

/** All that is stored: the files of the embedded storage, or what is in the tables of PostgreSQL. */
async function everything(): Promise<Buffer> {
  const files = readdirSync(vault.dataDir).filter((name) => onPostgres || name.startsWith("vault.db"));
  const bytes = files.map((name) => readFileSync(join(vault.dataDir, name)));
  if (!onPostgres) return Buffer.concat(bytes);
  const tables = await vault.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  for (const { name } of tables) {
    const rows = await vault.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    bytes.push(...rows.map(({ row }) => Buffer.from(row)));
  }
  return Buffer.concat(bytes);
}

test("is said to be there, exported, and then is nowhere any more; the log still verifies", async () => {
  const { operator } = vault;
  const ada = await signIn(SUBJECT, EMAIL);
  const other = await signIn("stays", "stays@people.example");
  const grant = (await vault.connect(PROVIDER, { userId: ada.id })).grant_id;
  const othersGrant = (await vault.connect(PROVIDER, { userId: other.id })).grant_id;
  const account = (await vault.store.findGrant(vault.appId, grant))?.grant.account;
  expect((await call(grant, ada.session, "tc")).status).toBe(200);
  expect((await call(othersGrant, other.session)).status).toBe(200);
  const { book } = vault.fake.at(PROVIDER);
  const tokens = [...book.accessTokens.keys(), ...book.refreshTokens.keys()];
  expect(tokens.length).toBeGreaterThanOrEqual(4);

  const would = await operator.call("eraseUser", { id: ada.id, body: { dry_run: true } });
  expect(would).toMatchObject({
    dry_run: true,
    erased: { grants: 1, credentials: 1, sessions: 1, tool_calls: 1, keys: 1 },
  });
  expect((await call(grant, ada.session)).status).toBe(200);

  const exported = await text(Readable.from(await operator.stream("exportUser", { id: ada.id })));
  for (const known of [SUBJECT, EMAIL, account?.identifier ?? "", TARGET]) expect(exported).toContain(known);
  for (const secret of [...tokens, ada.session, tokenHash(ada.session)]) expect(exported).not.toContain(secret);
  expect(exported).not.toContain(other.id);
  const kinds = new Set(
    exported
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { kind: string }).kind),
  );
  expect([...kinds]).toEqual(["user", "grants", "credentials", "sessions", "tool_calls", "keys", "entries"]);
  expect((await everything()).includes(EMAIL)).toBe(true);

  const erased = await operator.call("eraseUser", { id: ada.id, body: {} });
  expect(erased).toMatchObject({ dry_run: false, erased: would.erased, revoked_at_provider: 1, not_revoked: [] });
  expect(book.families.map(({ alive }) => alive)).toEqual([false, true]);
  const left = await everything();
  for (const gone of [SUBJECT, EMAIL, `Name of ${EMAIL}`, ...tokens]) expect(left.includes(gone), gone).toBe(false);
  expect(left.includes("stays@people.example")).toBe(true);
  expect((await operator.call("verifyAudit")).problems).toEqual([]);
  expect(await operator.call("getUser", { id: ada.id })).toMatchObject({ status: "erased", email: null });

  const before = vault.fake.apiCalls.length;
  for (const [tried, code] of [
    [await call(grant, ada.session), "session_invalid"],
    [await vault.call(grant, TARGET), "grant_not_found"],
    [await call(grant, other.session), "grant_not_found"],
  ] as const) {
    expect(tried.problem?.code).toBe(code);
    const id = String(tried.problem?.request_id);
    expect(await operator.call("getAudit", { id })).toMatchObject({ decision: "deny", code });
  }
  expect(vault.fake.apiCalls.length).toBe(before);
  expect((await call(othersGrant, other.session)).status).toBe(200);
  const { entries } = await operator.call("listAudit", { query: { user_id: ada.id, limit: 50 } });
  expect(entries.map(({ action }) => action)).toEqual(expect.arrayContaining(["eraseUser", "exportUser", "request"]));

  const again = await signIn(SUBJECT, EMAIL);
  expect(again.id).not.toBe(ada.id);
});

test("what the provider does not take is said, and goes here all the same; doing it again changes nothing", async () => {
  const eve = await signIn("eve", "eve@people.example");
  await vault.configure(NOT_REVOCABLE);
  const grant = (await vault.connect(NOT_REVOCABLE, { userId: eve.id })).grant_id;
  const erased = await vault.operator.call("eraseUser", { id: eve.id, body: {} });
  expect(erased.not_revoked).toMatchObject([{ grant_id: grant, provider_id: NOT_REVOCABLE }]);
  expect(erased.erased).toMatchObject({ grants: 1, credentials: 1 });
  const again = await vault.operator.call("eraseUser", { id: eve.id, body: {} });
  expect(Object.values(again.erased).every((count) => count === 0)).toBe(true);
});

test("what must be kept of a user is not destroyed with their keys: not before the hold is released", async () => {
  const { operator } = vault;
  const held = await signIn("held", "held@people.example");
  const grant = (await vault.connect(PROVIDER, { userId: held.id })).grant_id;
  const made = await call(grant, held.session);
  expect(made.status).toBe(200);
  const hold = await operator.call("addAuditHold", { body: { user_id: held.id, reason: "case 4" } });
  for (const dry_run of [true, false]) {
    const refused = await rawCall(vault.url, vault.apiKey, {
      path: `/v1/users/${held.id}/erase`,
      body: JSON.stringify({ dry_run }),
    });
    expect(refused.problem).toMatchObject({ code: "user_held", status: 409 });
    const id = String(refused.problem?.request_id);
    expect(await operator.call("getAudit", { id })).toMatchObject({
      outcome: "vault_error",
      outcome_code: "user_held",
    });
  }
  expect((await call(grant, held.session)).status).toBe(200);
  const { entries } = await operator.call("listAudit", { query: { grant_id: grant, limit: 50 } });
  expect(entries.filter(({ url }) => url === TARGET)).toHaveLength(2);
  await operator.call("releaseAuditHold", { id: hold.hold_id, body: {} });
  expect((await operator.call("eraseUser", { id: held.id, body: {} })).erased).toMatchObject({ keys: 1 });
});

test("needs a scope of its own, and does not reach a user of another app", async () => {
  const { operator } = vault;
  const ada = await signIn("scoped", "scoped@people.example");
  const made = await operator.call("createKey", {
    body: { name: "k", scopes: ["identity:write", "identity:read"] },
  });
  for (const [method, path] of [
    ["POST", "erase"],
    ["GET", "export"],
  ] as const) {
    const answer = await rawCall(vault.url, made.api_key, { method, path: `/v1/users/${ada.id}/${path}` });
    expect(answer.problem?.code).toBe("insufficient_scope");
    await expectWritten(operator, answer.problem, { action: `${path}User` });
  }
  const { app_id } = await operator.call("createApp", { body: { name: "another" } });
  const alter = { "alter-app": app_id };
  const elsewhere = await rawCall(vault.url, vault.apiKey, { path: `/v1/users/${ada.id}/erase`, alter, body: "{}" });
  expect(elsewhere.problem?.code).toBe("user_not_found");
  const path = `/v1/audit/${elsewhere.problem?.request_id}`;
  const entry = await rawCall(vault.url, vault.apiKey, { method: "GET", path, alter });
  expect(JSON.parse(entry.body.toString())).toMatchObject({
    action: "eraseUser",
    outcome: "vault_error",
    outcome_code: "user_not_found",
  });
  expect(await operator.call("getUser", { id: ada.id })).toMatchObject({ status: "active" });
});
