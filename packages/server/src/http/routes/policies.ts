import { PolicyDocument, type PolicyState, type PolicyVersionDocument, type Stop } from "@alter-vault/protocol";
import type { Failure, OperationCaller, Plan } from "../../call.ts";
import { toTimestamp } from "../../clock.ts";
import { invalid } from "../../invalid-input.ts";
import { checkPolicy } from "../../policy/check-policy.ts";
import type { PolicyChange, PolicyVersionRecord, StopRecord } from "../../store/policy-records.ts";
import { explain } from "./explain-policy.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";
import type { RouteDeps } from "./routes.ts";

type Ids =
  | "getPolicy"
  | "putPolicyDraft"
  | "publishPolicy"
  | "shadowPolicy"
  | "endPolicyShadow"
  | "listPolicyVersions"
  | "getPolicyVersion"
  | "explainPolicy"
  | "listStops"
  | "putStop"
  | "liftStop";

type Deps = Pick<RouteDeps, "store" | "keyring" | "clock">;

const NO_VERSION = { ok: false, code: "policy_not_found", detail: "no such version" } as const;
const NO_DRAFT = { ok: false, code: "policy_not_found", detail: "there is no draft" } as const;

/** The policy of an app: its life from draft to rollback, kill switches, and why something is decided as it is. */
export function policyRoutes(deps: Deps): RouteHandlers<Ids> {
  const { store, clock } = deps;
  return {
    getPolicy: ({ caller }) => reads(() => stateOf(deps, caller.appId)),
    putPolicyDraft: ({ caller, body }) =>
      changing(deps, caller, body.document, async () => {
        const document = JSON.stringify(body.document);
        await store.putPolicyDraft(caller.appId, { document, savedBy: caller.keyId, savedAt: clock.now() });
        return null;
      }),
    publishPolicy: ({ caller, body }) =>
      changing(deps, caller, body.document, async () => {
        const expected = body.expected_version;
        const failure = await change(deps, caller, body, {
          as: "published",
          ...(expected === undefined ? {} : { expected }),
        });
        if (!failure && body.draft) await store.putPolicyDraft(caller.appId, null);
        return failure;
      }),
    shadowPolicy: ({ caller, body }) =>
      changing(deps, caller, body.document, () => change(deps, caller, body, { as: "shadow" })),
    endPolicyShadow: ({ caller }) =>
      changing(deps, caller, undefined, async () => {
        await store.endShadow(caller.appId);
        return null;
      }),
    listPolicyVersions: ({ caller, query }) =>
      reads(async () => {
        const before = query.cursor === undefined ? null : Number(query.cursor);
        const records = await store.listPolicyVersions(caller.appId, before, query.limit + 1);
        const shown = records.slice(0, query.limit);
        const versions = shown.map(({ version, note, createdBy, createdAt }) => ({
          version,
          note,
          created_by: createdBy,
          created_at: toTimestamp(createdAt),
        }));
        return { versions, next_cursor: records.length > shown.length ? String(shown.at(-1)?.version) : null };
      }),
    getPolicyVersion: ({ caller, id }) =>
      reads(async () => {
        const record = /^[1-9]\d{0,14}$/.test(id) ? await store.findPolicyVersion(caller.appId, Number(id)) : null;
        return record ? showVersion(record) : NO_VERSION;
      }),
    explainPolicy: ({ caller, body }) => reads(() => explain(deps, caller.appId, body)),

    listStops: ({ caller }) =>
      reads(async () => ({ stops: (await store.policyHead(caller.appId)).stops.map(showStop) })),
    putStop: ({ caller, body }) => ({
      ok: true,
      facts: { reason: body.reason },
      run: async () => {
        const { kind, value, reason = null } = body;
        const stop = { kind, value, reason, createdBy: caller.keyId, createdAt: clock.now() };
        return { ok: true, body: showStop(await store.putStop(caller.appId, stop)) };
      },
    }),
    liftStop: ({ caller, body }) => ({
      ok: true,
      run: async () => ({ ok: true, body: { lifted: await store.liftStop(caller.appId, body.kind, body.value) } }),
    }),
  };
}

/** Does something to the policy of the caller's app, once the document is found to be in order, and shows what is then. */
function changing(
  deps: Deps,
  caller: OperationCaller,
  document: PolicyDocument | undefined,
  work: () => Promise<Failure | null>,
): Plan {
  const issues = document ? checkPolicy(document) : [];
  if (issues.length > 0) return invalid("policy_invalid", issues);
  return {
    ok: true,
    run: async () => (await work()) ?? { ok: true, body: await stateOf(deps, caller.appId) },
  };
}

interface Source {
  readonly document?: PolicyDocument | undefined;
  readonly version?: number | undefined;
  readonly note?: string | null | undefined;
}

async function change(
  { store, clock }: Deps,
  { appId, keyId }: OperationCaller,
  { document, version, note = null }: Source,
  how: Pick<PolicyChange, "as" | "expected">,
): Promise<Failure | null> {
  const draft = document || version !== undefined ? null : await store.findPolicyDraft(appId);
  const text = document ? JSON.stringify(document) : draft?.document;
  const make = version === undefined ? (text === undefined ? null : { document: text, note }) : { version };
  if (!make) return NO_DRAFT;
  const changed = await store.changePolicy(appId, { ...how, make, by: keyId, at: clock.now() });
  if (changed === null) return NO_VERSION;
  if (changed !== "moved") return null;
  return { ok: false, code: "conflict", detail: "another version was published meanwhile" };
}

async function stateOf({ store }: Deps, appId: string): Promise<PolicyState> {
  const head = await store.policyHead(appId);
  const show = async (version: number | null): Promise<PolicyVersionDocument | null> => {
    const record = version === null ? null : await store.findPolicyVersion(appId, version);
    return record && showVersion(record);
  };
  const draft = await store.findPolicyDraft(appId);
  return {
    published: await show(head.published),
    shadow: await show(head.shadow),
    draft: draft && {
      saved_by: draft.savedBy,
      saved_at: toTimestamp(draft.savedAt),
      document: readStored(draft.document),
    },
    stops: head.stops.map(showStop),
  };
}

function showVersion({ version, note, createdBy, createdAt, document }: PolicyVersionRecord): PolicyVersionDocument {
  return {
    version,
    note,
    created_by: createdBy,
    created_at: toTimestamp(createdAt),
    document: readStored(document),
  };
}

/** Was checked before it was stored. */
function readStored(document: string): PolicyDocument {
  return PolicyDocument.parse(JSON.parse(document));
}

function showStop({ kind, value, reason, createdBy, createdAt }: StopRecord): Stop {
  return { kind, value, reason, created_by: createdBy, created_at: toTimestamp(createdAt) };
}
