import { hash } from "node:crypto";
import { AGENT_SCOPES, type Agent, type Scope } from "@alter-vault/protocol";
import type { OperationCaller, Plan } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { createApiKey } from "../../identity/api-keys.ts";
import type { BoundsGiven, KeyBounds } from "../../identity/key-bounds.ts";
import type { AgentRecord } from "../../store/agent-records.ts";
import { boundsOfNew, showKey, within, type KeyWish } from "./api-keys.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids =
  | "listAgents"
  | "createAgent"
  | "getAgent"
  | "updateAgent"
  | "pauseAgent"
  | "resumeAgent"
  | "revokeAgent"
  | "listAgentKeys"
  | "createAgentKey";

const NOT_FOUND = { ok: false, code: "agent_not_found", detail: "no agent of this id" } as const;

function show(agent: AgentRecord): Agent {
  return {
    agent_id: agent.id,
    app_id: agent.appId,
    name: agent.name,
    display_name: agent.displayName,
    type: agent.type,
    status: agent.status,
    scopes: Object.fromEntries(Object.entries(agent.scopes).map(([provider, scopes]) => [provider, [...scopes]])),
    metadata: { ...agent.metadata },
    created_at: toTimestamp(agent.createdAt),
    updated_at: toTimestamp(agent.updatedAt),
  };
}

interface AgentKeyWish extends KeyWish {
  readonly name?: string | undefined;
  readonly scopes?: readonly Scope[] | undefined;
}

/** Workloads with an identity of their own, and their keys. */
export function agentRoutes(deps: RouteDeps): RouteHandlers<Ids> {
  const { store, clock, newId } = deps;
  const makeKey = (agent: AgentRecord, bounds: KeyBounds, name = agent.name) =>
    createApiKey(deps, { appId: agent.appId, agentId: agent.id, name, ...bounds });
  const setStatus = (appId: string, id: string, status: AgentRecord["status"]): Plan => ({
    ok: true,
    facts: { agent_id: id },
    run: async () => {
      const agent = await store.updateAgent(appId, id, { status }, clock.now());
      if (!agent) return NOT_FOUND;
      return agent.status === "revoked" ? REVOKED : { ok: true, body: show(agent) };
    },
  });

  return {
    listAgents: ({ caller, query }) =>
      reads(async () => {
        const agents = (await store.listAgents(caller.appId)).filter(
          ({ status, name }) =>
            (query.include_revoked === "true" || status !== "revoked") &&
            (query.name === undefined || query.name === name),
        );
        return { agents: agents.map(show) };
      }),

    createAgent: ({ caller, body }) => {
      const given = agentKeyBounds(caller, body.key, clock.now());
      if (!given.ok) return given;
      return {
        ok: true,
        run: async () => {
          const { idempotency_key: idempotencyKey, ...said } = body;
          const bodyHash = hash("sha256", JSON.stringify(said), "base64url");
          if (idempotencyKey !== undefined) {
            const before = await store.findAgentByIdempotencyKey(caller.appId, idempotencyKey);
            if (before && before.bodyHash !== bodyHash) return MISMATCH;
            if (before && before.status !== "active") return before.status === "revoked" ? REVOKED : PAUSED;
            // The key of the first time is known to whoever got that answer, and to nobody else.
            if (before) return { ok: true, body: { ...show(before), api_key: null, key_id: null } };
          }
          const now = clock.now();
          const agent: AgentRecord = {
            id: newId(),
            appId: caller.appId,
            name: body.name,
            displayName: body.display_name ?? null,
            type: body.type,
            status: "active",
            scopes: body.scopes,
            metadata: body.metadata,
            idempotencyKey: idempotencyKey ?? null,
            bodyHash,
            createdAt: now,
            updatedAt: now,
          };
          if (!(await store.insertAgent(agent))) {
            return { ok: false, code: "agent_name_exists", detail: `there is an agent ${body.name} already` };
          }
          const { apiKey, record } = await makeKey(agent, given.bounds, body.key?.name);
          return { ok: true, body: { ...show(agent), api_key: apiKey, key_id: record.id } };
        },
      };
    },

    getAgent: ({ caller, id }) =>
      reads(async () => {
        const agent = await store.findAgent(caller.appId, id);
        return agent ? show(agent) : NOT_FOUND;
      }),

    updateAgent: ({ caller, id, body }) => ({
      ok: true,
      facts: { agent_id: id },
      run: async () => {
        const { display_name: displayName, scopes, metadata } = body;
        const change = {
          ...(displayName === undefined ? {} : { displayName }),
          ...(scopes === undefined ? {} : { scopes }),
          ...(metadata === undefined ? {} : { metadata }),
        };
        const agent = await store.updateAgent(caller.appId, id, change, clock.now());
        if (!agent) return NOT_FOUND;
        return agent.status === "revoked" ? REVOKED : { ok: true, body: show(agent) };
      },
    }),

    pauseAgent: ({ caller, id }) => setStatus(caller.appId, id, "paused"),
    resumeAgent: ({ caller, id }) => setStatus(caller.appId, id, "active"),
    revokeAgent: ({ caller, id }) => ({
      ok: true,
      facts: { agent_id: id },
      run: async () => {
        const agent = await store.revokeAgent(caller.appId, id, clock.now());
        return agent ? { ok: true, body: show(agent) } : NOT_FOUND;
      },
    }),

    listAgentKeys: ({ caller, id }) =>
      reads(async () => {
        if (!(await store.findAgent(caller.appId, id))) return NOT_FOUND;
        const keys = (await store.listApiKeys(caller.appId)).filter(({ agentId }) => agentId === id);
        return { keys: keys.map((key) => showKey(key, clock.now())) };
      }),

    createAgentKey: ({ caller, id, body }) => {
      const given = agentKeyBounds(caller, body, clock.now());
      if (!given.ok) return given;
      return {
        ok: true,
        facts: { agent_id: id },
        run: async () => {
          const agent = await store.findAgent(caller.appId, id);
          if (!agent) return NOT_FOUND;
          if (agent.status === "revoked") return REVOKED;
          const { apiKey, record } = await makeKey(agent, given.bounds, body.name);
          return { ok: true, body: { ...showKey(record, clock.now()), api_key: apiKey } };
        },
      };
    },
  };
}

const REVOKED = { ok: false, code: "agent_revoked", detail: "the agent was revoked" } as const;
const PAUSED = { ok: false, code: "agent_inactive", detail: "the agent of this idempotency key is paused" } as const;

const MISMATCH = {
  ok: false,
  code: "idempotency_mismatch",
  detail: "the idempotency key was used with another body",
} as const;

/** An agent calls providers; it does not run the vault. */
function agentKeyBounds(caller: OperationCaller, wish: AgentKeyWish = {}, nowMs: number): BoundsGiven {
  if (caller.asker.agent) {
    return { ok: false, code: "agent_not_allowed", detail: "an agent cannot make agents or keys" };
  }
  const giveable = within(caller, AGENT_SCOPES);
  const beyond = wish.scopes?.find((scope) => !giveable.includes(scope));
  if (beyond !== undefined || giveable.length === 0) {
    const detail =
      beyond === undefined ? "this key has nothing to give an agent" : `a key of an agent cannot have ${beyond}`;
    return { ok: false, code: "insufficient_scope", detail, details: { required_scope: beyond ?? AGENT_SCOPES[0] } };
  }
  return boundsOfNew(caller, wish, wish.scopes ?? giveable, nowMs);
}
