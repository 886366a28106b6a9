import { policy, rule, type ApprovalList } from "@alter-vault/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { expectWritten } from "../harness/expect-written.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { getThrough, rawCall, type RawAnswer } from "../harness/raw-call.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/*
 * What Wallet and Portal show of approvals: a user sees what waits for them and what waits for somebody else on their
 * behalf, the operator all of the app, and nobody what is not theirs.
 */
let upstream: Upstream;
let world: IdentityWorld;
let askKey: string;
let tokens: Readonly<Record<"ada" | "ben" | "eve", string>>;
let approvals: Readonly<Record<"byAda" | "byStaff" | "byOperator", string>>;

beforeEach(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  const { operator } = world.vault;
  const sign = (sub: string, groups: string[]) => world.issuer.sign({ sub, groups });
  tokens = { ada: await sign("ada", ["staff"]), ben: await sign("ben", ["staff"]), eve: await sign("eve", []) };
  const asking = (id: string, path: string, approvers: object) =>
    rule(id)
      .when({ path: [path] })
      .requireApproval({ approvers, quorum: 1, expires_in_seconds: 600 });
  const rules = [
    asking("ada", "/ada", { users: [await world.userIdOf(tokens.ada)] }),
    asking("staff", "/staff", { groups: ["staff"] }),
    asking("operator", "/operator", { operator: true }),
  ];
  await operator.call("publishPolicy", { body: { document: policy({ rules }) } });
  askKey = (await operator.call("createKey", { body: { name: "asks" } })).api_key;
  approvals = { byAda: await ask("/ada"), byStaff: await ask("/staff"), byOperator: await ask("/operator") };
});
afterEach(async () => {
  await world.stop();
  await upstream.close();
});

async function ask(path: string, alter: Record<string, string> = {}): Promise<string> {
  const target = getThrough(world.grants.app, `${upstream.origin}${path}`);
  const answer = await rawCall(world.vault.url, askKey, { alter: { ...target, "alter-reason": '"Tea"', ...alter } });
  expect(answer.problem?.code).toBe("approval_required");
  return answer.problem?.approval_id ?? "";
}

/** With the key of the app's backend, for a user when there is a token. */
function call(method: string, path: string, token: string | null, body?: object): Promise<RawAnswer> {
  return rawCall(world.vault.url, world.vault.apiKey, {
    method,
    path: `/v1/approvals${path}`,
    alter: token === null ? {} : { "alter-user-token": token },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}
async function list(token: string | null, query = ""): Promise<string[]> {
  const answer = await call("GET", query, token);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.body.toString()) as ApprovalList).approvals.map(({ approval_id: id }) => id).toSorted();
}
const these = (...names: (keyof typeof approvals)[]): string[] => names.map((name) => approvals[name]).toSorted();

describe("what waits for me", () => {
  test("as a user: what names me or a group of mine, and has not heard me yet", async () => {
    const me = "?waiting_for=me";
    expect(await list(tokens.ada, me)).toEqual(these("byAda", "byStaff"));
    expect(await list(tokens.ben, me)).toEqual(these("byStaff"));
    expect(await list(tokens.eve, me)).toEqual([]);
    const decided = await call("POST", `/${approvals.byAda}/decide`, tokens.ada, { decision: "deny" });
    expect(decided.status).toBe(200);
    expect(await list(tokens.ada, me)).toEqual(these("byStaff"));
    expect(await list(tokens.ada)).toEqual(these("byAda", "byStaff"));
  });

  test("as the operator: what asks for one, and not what users decide about", async () => {
    expect(await list(null, "?waiting_for=me")).toEqual(these("byOperator"));
    expect(await list(null)).toEqual(these("byAda", "byStaff", "byOperator"));
  });

  test("not what I have asked for, and not after my yes where more are needed", async () => {
    const { operator } = world.vault;
    const rules = [
      rule("two").requireApproval({ approvers: { groups: ["staff"] }, quorum: 2, expires_in_seconds: 600 }),
    ];
    await operator.call("publishPolicy", { body: { document: policy({ rules }) } });
    const id = await ask("/two", { "alter-user-token": tokens.ada });
    expect(await list(tokens.ada, "?waiting_for=me")).not.toContain(id);
    expect(await list(tokens.ada)).toContain(id);
    expect(await list(tokens.ben, "?waiting_for=me")).toContain(id);
    await call("POST", `/${id}/decide`, tokens.ben, { decision: "approve" });
    expect(await list(tokens.ben, "?waiting_for=me")).not.toContain(id);
    expect(upstream.calls).toEqual([]);
  });

  test("page by page", async () => {
    for (let at = 0; at < 6; at++) await ask(`/${at % 2 === 0 ? "staff" : "operator"}?n=${at}`);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const answer = await call("GET", `?waiting_for=me&limit=2${cursor ? `&cursor=${cursor}` : ""}`, tokens.ben);
      const page = JSON.parse(answer.body.toString()) as ApprovalList;
      seen.push(...page.approvals.map(({ approval_id: id }) => id));
      expect(page.has_more).toBe(page.next_cursor !== null);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(await list(tokens.ben, "?waiting_for=me"));
    expect(seen).toHaveLength(4);
  });
});

describe("what is not theirs", () => {
  test("users do not see", async () => {
    for (const id of [approvals.byAda, approvals.byOperator]) {
      const answer = await call("GET", `/${id}`, tokens.ben);
      expect(answer.problem?.code).toBe("approval_not_found");
    }
    expect((await call("GET", `/${approvals.byStaff}`, tokens.ben)).status).toBe(200);
    expect((await call("GET", `/${approvals.byAda}`, null)).status).toBe(200);
  });

  test("a session sees no more than its user", async () => {
    const session = await world.session(tokens.eve, { scopes: ["approvals:read"] });
    expect(await list(session)).toEqual([]);
  });

  test("users get no link by which they would decide as the operator, or as somebody else", async () => {
    const adaId = await world.userIdOf(tokens.ada);
    const attempts: [string, string, object][] = [
      [tokens.ben, approvals.byOperator, {}],
      [tokens.ben, approvals.byAda, { user_id: adaId }],
      [tokens.ada, approvals.byAda, {}],
    ];
    for (const [token, id, body] of attempts) {
      const { problem } = await call("POST", `/${id}/links`, token, body);
      expect(problem?.code).toBe("approval_not_allowed");
      await expectWritten(world.vault.operator, problem, { action: "createApprovalLink" });
    }
    expect((await call("POST", `/${approvals.byAda}/links`, tokens.ada, { user_id: adaId })).status).toBe(201);
    const { problem } = await call("POST", `/${approvals.byOperator}/decide`, tokens.ben, { decision: "approve" });
    expect(problem?.code).toBe("approval_not_allowed");
    await expectWritten(world.vault.operator, problem, { action: "decideApproval" });
    expect(upstream.calls).toEqual([]);
  });
});
