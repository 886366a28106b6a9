import { ERROR_CODES, type ErrorCode } from "@alter-vault/protocol";
import { expect } from "vitest";
import type { IdentityWorld } from "./identity-world.ts";
import { getThrough, rawCall, type RawAnswer, type RawCall } from "./raw-call.ts";
import type { Upstream } from "./upstream.ts";

/** Calls of whoever claims to be somebody, and what must come of them. */
export interface Attempts {
  /** A call through whatever is connected for a provider. */
  provider(token: string, name?: string): RawCall;
  byGrant(token: string, grantId: string): RawCall;
  /** With the key alone. */
  keyOnly(grantId: string): RawCall;
  admin(path: string, body?: unknown, token?: string): RawCall;
  send(call: RawCall, apiKey?: string): Promise<RawAnswer>;
  /** Refused by this code and its status, written down, without the token, and without a call to the provider. */
  refused(call: RawCall, code: ErrorCode, apiKey?: string): Promise<RawAnswer>;
  /** The entry of a refusal; for what was allowed and then failed inside, with its outcome. */
  entryOf(answer: RawAnswer): Promise<Record<string, unknown> | null>;
}

export function attempts(world: IdentityWorld, upstream: Upstream): Attempts {
  const target = `${upstream.origin}/things`;
  const { vault } = world;

  async function entryOf(answer: RawAnswer): Promise<Record<string, unknown> | null> {
    const id = answer.problem?.request_id ?? "";
    for (let tries = 0; ; tries++) {
      const rows = await vault.query<{ body: string }>("SELECT body FROM log WHERE entry_id = ? ORDER BY seq", id);
      const [entry, outcome] = rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      if (!entry || entry["decision"] === "deny" || outcome || tries > 50)
        return entry ? { ...entry, ...outcome } : null;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const send = (call: RawCall, apiKey = vault.apiKey): Promise<RawAnswer> => rawCall(vault.url, apiKey, call);
  return {
    provider: (token, name = "demo") => ({
      alter: { "alter-method": "GET", "alter-target": target, "alter-provider": name, "alter-user-token": token },
    }),
    byGrant: (token, grantId) => ({ alter: getThrough(grantId, target, { "alter-user-token": token }) }),
    keyOnly: (grantId) => ({ alter: getThrough(grantId, target) }),
    admin: (path, body = {}, token) => ({
      path,
      body: JSON.stringify(body),
      ...(token === undefined ? {} : { alter: { "alter-user-token": token } }),
    }),
    send,
    entryOf,
    async refused(call, code, apiKey) {
      const answer = await send(call, apiKey);
      expect(answer.problem?.code).toBe(code);
      expect(answer.status).toBe(ERROR_CODES[code].status);
      expect(upstream.calls).toEqual([]);
      const entry = await entryOf(answer);
      // A call is refused before it is allowed; what is asked of the vault itself may be found out while it is done.
      const failed = { decision: "allow", outcome: "vault_error", code };
      expect(entry).toMatchObject(
        entry?.["decision"] === "deny" || call.path === undefined ? { decision: "deny", code } : failed,
      );
      const token = call.alter?.["alter-user-token"] ?? "";
      if (token.length > 20) expect(JSON.stringify(entry) + answer.body.toString()).not.toContain(token);
      return answer;
    },
  };
}
