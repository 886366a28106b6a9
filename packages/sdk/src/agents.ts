/**
 * Agents: workloads with an identity of their own. An agent has its own keys and its own trail in the audit log, and
 * reaches only what was granted or delegated to it.
 */
import {
  Agent,
  AgentCreate,
  AgentCreated,
  AgentKeyCreate,
  AgentKeyList,
  AgentList,
  AgentUpdate,
  ApiKeyCreated,
  type Scope,
} from "@alter-vault/protocol";
import { agentInfo, type AgentInfo } from "./agent-info.ts";
import { apiKeyInfo, newApiKey, type ApiKeyInfo, type NewApiKey } from "./api-keys.ts";
import { checkText } from "./call-defaults.ts";
import { callRoute, ROUTE_OPTION_NAMES, type RouteOptions } from "./call-route.ts";
import { checkUuid } from "./check-uuid.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkBody } from "./wire-body.ts";
import { withSecret } from "./with-secret.ts";

export interface CreatedAgent extends AgentInfo {
  /**
   * The agent's first key. Shown this once; null when the agent was made before under the same idempotency key. Printing
   * and serializing leave it out.
   */
  readonly apiKey: string | null;
  readonly keyId: string | null;
}

export interface AgentKeyWish {
  /** What to call the key. */
  readonly name?: string | undefined;
  /** Default: all that a key of an agent can have. */
  readonly scopes?: readonly Scope[] | undefined;
  readonly constraints?:
    | {
        /** Addresses and ranges it may be used from. */
        readonly cidrs?: readonly string[] | undefined;
        readonly requestsPerMinute?: number | undefined;
      }
    | undefined;
  readonly expiresInSeconds?: number | undefined;
}

export interface CreateAgentOptions extends RouteOptions {
  readonly name: string;
  readonly displayName?: string | undefined;
  /** Default: `"agent"`. */
  readonly type?: Agent["type"] | undefined;
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** At most 8 KB. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** The same once more, with the same options, gives the same agent instead of another one. */
  readonly idempotencyKey?: string | undefined;
  /** The agent's first key. */
  readonly key?: AgentKeyWish | undefined;
}

export interface UpdateAgentOptions extends RouteOptions {
  readonly displayName?: string | null | undefined;
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface ListAgentsOptions extends RouteOptions {
  /** Default: false. */
  readonly includeRevoked?: boolean | undefined;
}

export interface MintKeyOptions extends AgentKeyWish, RouteOptions {}

/**
 * The agents of the app. Reading needs the scope `agents:read`, the rest `agents:write`; a key of an agent has neither.
 * What is about one agent rejects with AgentNotFoundError when the app has no such agent.
 */
export interface Agents {
  /**
   * Registers an agent, with its first key. Rejects with BackendError `conflict` when the name is taken, and with
   * IdempotencyKeyBodyMismatchError when the idempotency key stands for something else.
   *
   * @example
   * const { agentId, apiKey } = await vault.agents.create({ name: "scheduling-bot" });
   */
  create(options: CreateAgentOptions): Promise<CreatedAgent>;
  list(options?: ListAgentsOptions): Promise<readonly AgentInfo[]>;
  get(agentId: string, options?: RouteOptions): Promise<AgentInfo>;
  /** Null when there is none of this name, or it was revoked. */
  getByName(name: string, options?: RouteOptions): Promise<AgentInfo | null>;
  update(agentId: string, options: UpdateAgentOptions): Promise<AgentInfo>;
  /** Its calls reject with AgentInactiveError until it is resumed. */
  pause(agentId: string, options?: RouteOptions): Promise<AgentInfo>;
  resume(agentId: string, options?: RouteOptions): Promise<AgentInfo>;
  /** Ends the agent for good, with all its keys and delegations. Its trail stays. */
  delete(agentId: string, options?: RouteOptions): Promise<AgentInfo>;
  /** Another key for the agent. */
  mintKey(agentId: string, options?: MintKeyOptions): Promise<NewApiKey>;
  listKeys(agentId: string, options?: RouteOptions): Promise<readonly ApiKeyInfo[]>;
}

const KEY_NAMES = ["name", "scopes", "constraints", "expiresInSeconds"];
const CREATE_NAMES = ["name", "displayName", "type", "scopes", "metadata", "idempotencyKey", "key"];

export function createAgents(core: Core): Agents {
  const one =
    (id: "getAgent" | "pauseAgent" | "resumeAgent" | "revokeAgent") =>
    async (agentId: string, options: RouteOptions = {}): Promise<AgentInfo> => {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      const pathParam = checkUuid("agentId", agentId);
      return agentInfo(await callRoute(core, id, { ...options, pathParam, answer: Agent }));
    };

  async function list(query: Readonly<Record<string, string | undefined>>, route: RouteOptions): Promise<AgentInfo[]> {
    const { agents } = await callRoute(core, "listAgents", { ...route, query, answer: AgentList });
    return agents.map(agentInfo);
  }

  return {
    async create(options) {
      const { signal, timeout, userToken, ...wish } = options;
      const body = createBody(wish);
      const created = await callRoute(core, "createAgent", { signal, timeout, userToken, body, answer: AgentCreated });
      return withSecret({ ...agentInfo(created), keyId: created.key_id }, "apiKey", created.api_key);
    },
    async list(options = {}) {
      checkKnownNames(options, ["includeRevoked", ...ROUTE_OPTION_NAMES]);
      const { includeRevoked = false, ...route } = options;
      return list({ include_revoked: includeRevoked ? "true" : undefined }, route);
    },
    get: one("getAgent"),
    async getByName(name, options = {}) {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      const [agent] = await list({ name: checkText("name", name, 100) }, options);
      return agent ?? null;
    },
    async update(agentId, options) {
      checkKnownNames(options, ["displayName", "scopes", "metadata", ...ROUTE_OPTION_NAMES]);
      const { displayName, scopes, metadata, ...route } = options;
      const body = checkBody(AgentUpdate, { display_name: displayName, scopes, metadata });
      const pathParam = checkUuid("agentId", agentId);
      return agentInfo(await callRoute(core, "updateAgent", { ...route, pathParam, body, answer: Agent }));
    },
    pause: one("pauseAgent"),
    resume: one("resumeAgent"),
    delete: one("revokeAgent"),
    async mintKey(agentId, options = {}) {
      const { signal, timeout, userToken, ...wish } = options;
      const route = { signal, timeout, userToken };
      const body = checkBody(AgentKeyCreate, keyToWire(wish));
      const pathParam = checkUuid("agentId", agentId);
      return newApiKey(await callRoute(core, "createAgentKey", { ...route, pathParam, body, answer: ApiKeyCreated }));
    },
    async listKeys(agentId, options = {}) {
      checkKnownNames(options, ROUTE_OPTION_NAMES);
      const pathParam = checkUuid("agentId", agentId);
      const { keys } = await callRoute(core, "listAgentKeys", { ...options, pathParam, answer: AgentKeyList });
      return keys.map(apiKeyInfo);
    },
  };
}

function createBody(wish: Omit<CreateAgentOptions, keyof RouteOptions>): object {
  checkKnownNames(wish, CREATE_NAMES);
  const { key } = wish;
  return checkBody(AgentCreate, {
    name: wish.name,
    display_name: wish.displayName,
    type: wish.type,
    scopes: wish.scopes,
    metadata: wish.metadata,
    idempotency_key: wish.idempotencyKey,
    key: key === undefined ? undefined : keyToWire(key),
  });
}

function keyToWire(wish: AgentKeyWish): object {
  if (typeof wish !== "object" || wish === null) throw new AlterValueError('Option "key" must be an object.');
  checkKnownNames(wish, KEY_NAMES);
  const { name, scopes, constraints, expiresInSeconds } = wish;
  if (constraints !== undefined) checkKnownNames(constraints, ["cidrs", "requestsPerMinute"]);
  return {
    name,
    scopes,
    constraints: constraints && {
      cidrs: constraints.cidrs,
      requests_per_minute: constraints.requestsPerMinute,
    },
    expires_in_seconds: expiresInSeconds,
  };
}
