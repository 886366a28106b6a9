import { PolicyDocument, type PolicyExplain, type PolicyExplanation, type PolicyRequest } from "@alter-vault/protocol";
import type { EntryBody } from "../../audit/entry.ts";
import { openEntryBody, type Opening } from "../../audit/entry-body.ts";
import type { Failure } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { decidePolicy } from "../../policy/decide-policy.ts";
import { explainRules } from "../../policy/explain.ts";
import { hypotheticalFacts } from "../../policy/hypothetical-facts.ts";
import { preparePolicy } from "../../policy/published-policy.ts";
import type { Store } from "../../store/store.ts";

interface Deps {
  readonly store: Store;
  readonly keyring: Opening;
}

const NO_VERSION = { ok: false, code: "policy_not_found", detail: "no such version" } as const;
const NO_ENTRY = { ok: false, code: "entry_not_found", detail: "no entry of this id" } as const;
const NO_URL = { ok: false, code: "invalid_request", detail: "the url of the request is none" } as const;
/** Whoever asks about nothing in particular gets what was decided by the app's own rules. */
const NO_POLICY: PolicyDocument = { format: 1, holidays: {}, rules: [], cedar: [] };

interface Asked {
  readonly request: PolicyRequest;
  readonly version: number | null;
  readonly notes: readonly string[];
  /** What was decided, where a call was made. */
  readonly entry: EntryBody | null;
}

/** Decides again, with everything said on the way. Of a call that was made, the body is not known any more. */
export async function explain(deps: Deps, appId: string, asked: PolicyExplain): Promise<PolicyExplanation | Failure> {
  const found = asked.request ? await aboutRequest(deps, appId, asked.request) : await aboutEntry(deps, appId, asked);
  if ("ok" in found) return found;
  const version = asked.version ?? found.version;
  const record = version === null ? null : await deps.store.findPolicyVersion(appId, version);
  if (version !== null && !record) return NO_VERSION;
  const facts = hypotheticalFacts(found.request);
  if (!facts) return NO_URL;
  const policy = preparePolicy(record ? PolicyDocument.parse(JSON.parse(record.document)) : NO_POLICY);
  try {
    const decision = decidePolicy(policy, facts);
    const denied = decision.effect === "deny" ? decision : null;
    const approvals = decision.effect === "pass" ? decision.approvals : [];
    const { entry } = found;
    const wasDenied = entry?.decision === "deny" && asked.version === undefined;
    return {
      policy_version: version,
      outcome: denied || wasDenied ? "deny" : approvals.length > 0 ? "require_approval" : "allow",
      rule: wasDenied ? (entry?.rule ?? null) : (denied?.rule ?? approvals[0]?.id ?? null),
      reason: wasDenied ? (entry?.message ?? null) : (denied?.reason ?? null),
      limits: decision.effect === "pass" ? decision.limits.map(({ id }) => id) : [],
      rules: explainRules(policy.compiled, facts),
      notes: [...found.notes],
    };
  } finally {
    policy.cedar.close();
  }
}

async function aboutRequest({ store }: Deps, appId: string, request: PolicyRequest): Promise<Asked> {
  const { published } = await store.policyHead(appId);
  return { request, version: published, notes: [], entry: null };
}

async function aboutEntry(
  { store, keyring }: Deps,
  appId: string,
  { entry_id }: PolicyExplain,
): Promise<Asked | Failure> {
  const found = entry_id === undefined ? null : await store.findEntry(appId, entry_id);
  if (!found) return NO_ENTRY;
  const entry = await openEntryBody(keyring, found.entry);
  if (entry.erased) {
    return { ok: false, code: "invalid_request", detail: "what the call said was erased with the user it was for" };
  }
  if (entry.kind !== "request" || entry.method === null || entry.url === null) {
    return { ok: false, code: "invalid_request", detail: "the entry is not about a call to a provider" };
  }
  const { grant_id, agent_id, user_id, secret_id, provider } = entry;
  const known = grant_id === null ? null : await store.findGrant(appId, grant_id);
  const user = user_id === null ? null : await store.findUser(appId, user_id);
  const agent = agent_id === null ? null : await store.findAgent(appId, agent_id);
  const at = toTimestamp(found.entry.at);
  const request: PolicyRequest = {
    mode: entry.mode ?? "proxy",
    method: entry.method,
    url: entry.url,
    ...(provider === null ? {} : { provider }),
    ...(grant_id === null ? {} : { grant: grant_id }),
    secret: secret_id,
    agent: agent?.name ?? agent_id,
    user: user_id,
    groups: user ? user.groups.flatMap(({ id, externalId, name }) => [id, externalId, name]) : [],
    scopes: [...(known?.oauth?.grantedScopes ?? [])],
    at,
    grant_created_at: known ? toTimestamp(known.grant.createdAt) : at,
    claims: entry.context,
    // What is not written down cannot be told any more.
    ...(entry.method === "GET" || entry.method === "HEAD" ? {} : { streamed: true }),
  };
  const notes = [
    "the body, the address of the caller and masked values of the query are not written down: what looks at them cannot be told",
    "groups and scopes are those of now",
  ];
  return { request, version: entry.policy_version, notes, entry };
}
