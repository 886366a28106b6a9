import type { Delegation } from "@alter-vault/protocol";
import type { Failure } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { findEntry } from "../../credential/oauth/catalogue.ts";
import { isWithinAgent, isWithinSession, scopesBeyondAgent } from "../../identity/visible.ts";
import type { DelegationRecord } from "../../store/agent-records.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids = "listDelegations" | "createDelegation" | "revokeDelegation";

const NOT_FOUND = { ok: false, code: "delegation_not_found", detail: "no delegation of this id" } as const;

function show(delegation: DelegationRecord, nowMs: number): Delegation {
  const { expiresAt, revokedAt } = delegation;
  const isOver = expiresAt !== null && expiresAt <= nowMs;
  return {
    delegation_id: delegation.id,
    app_id: delegation.appId,
    agent_id: delegation.agentId,
    grant_id: delegation.grantId,
    provider_id: delegation.provider,
    user_id: delegation.userId,
    status: revokedAt !== null ? "revoked" : isOver ? "expired" : "active",
    created_at: toTimestamp(delegation.createdAt),
    expires_at: expiresAt === null ? null : toTimestamp(expiresAt),
    revoked_at: revokedAt === null ? null : toTimestamp(revokedAt),
  };
}

function beyondAgent(provider: string, beyond: readonly string[]): Failure {
  const what = beyond.length === 0 ? provider : `${provider} with ${beyond.join(" ")}`;
  return { ok: false, code: "agent_not_allowed", detail: `the agent is not registered for ${what}` };
}

/** What users let agents do with their grants. Only the user whose grant it is can give it; they, or the app, take it back. */
export function delegationRoutes({ store, clock, newId }: RouteDeps): RouteHandlers<Ids> {
  return {
    listDelegations: ({ caller: { appId, asker }, query }) =>
      reads(async () => {
        const found = await store.listDelegations(appId, {
          ...(query.grant_id === undefined ? {} : { grantId: query.grant_id }),
          ...(asker.agent
            ? { agentId: asker.agent.id }
            : query.agent_id === undefined
              ? {}
              : { agentId: query.agent_id }),
          ...(asker.user ? { userId: asker.user.id } : {}),
        });
        return { delegations: found.map((delegation) => show(delegation, clock.now())) };
      }),

    createDelegation: ({ caller: { appId, asker }, id, body }) => ({
      ok: true,
      facts: { grant_id: id, agent_id: body.agent_id },
      run: async () => {
        if (!asker.user) {
          return { ok: false, code: "user_token_missing", detail: "only the user can let an agent use their grant" };
        }
        const found = await store.findGrant(appId, id);
        const { user } = asker;
        if (
          found?.grant.principalType !== "user" ||
          found.grant.principalId !== user.id ||
          found.grant.status !== "active" ||
          !isWithinSession(asker, found.grant)
        ) {
          return { ok: false, code: "grant_not_found", detail: "no grant of this id" };
        }
        const agent = await store.findAgent(appId, body.agent_id);
        if (!agent || agent.status === "revoked") {
          return { ok: false, code: "agent_not_found", detail: "no agent of this id" };
        }
        const { provider } = found.grant;
        const entry = found.oauth && (await findEntry(store, appId, provider));
        const granted = found.oauth?.grantedScopes ?? [];
        const beyond = scopesBeyondAgent(agent, provider, granted, entry?.authorize?.alwaysScopes);
        if (!isWithinAgent(agent, found.grant) || beyond.length > 0) return beyondAgent(provider, beyond);
        const now = clock.now();
        const delegation = await store.putDelegation({
          id: newId(),
          appId,
          agentId: agent.id,
          grantId: id,
          provider: found.grant.provider,
          userId: user.id,
          createdAt: now,
          expiresAt: body.expires_in_seconds === undefined ? null : now + body.expires_in_seconds * 1000,
          revokedAt: null,
        });
        return { ok: true, body: show(delegation, now) };
      },
    }),

    revokeDelegation: ({ caller: { appId, asker }, id }) => ({
      ok: true,
      facts: { delegation_id: id },
      run: async () => {
        const known = await store.findDelegation(appId, id);
        const isTheirs = !asker.user || known?.userId === asker.user.id;
        const isOwn = !asker.agent || known?.agentId === asker.agent.id;
        if (!known || !isTheirs || !isOwn) return NOT_FOUND;
        const revoked = await store.revokeDelegation(appId, id, clock.now());
        return revoked ? { ok: true, body: show(revoked, clock.now()) } : NOT_FOUND;
      },
    }),
  };
}
