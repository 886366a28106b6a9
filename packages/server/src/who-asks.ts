import type { Facts } from "./audit/entry.ts";
import type { IncomingCall, Refused } from "./call.ts";
import type { Clock } from "./clock.ts";
import { findAsker, isPlain, plainAsker, type KnownAsker } from "./identity/asker.ts";
import type { Identified } from "./identity/identify.ts";
import type { KeyRates } from "./identity/key-use.ts";
import type { UserTokens } from "./identity/user-token.ts";
import { isReplay, refuseStranger, type RefuseDeps } from "./refuse.ts";
import type { Soon } from "./soon.ts";
import type { ApiKeyRecord, Store } from "./store/store.ts";

/** The first step of every way through the door, with what is learned of the caller put into the entry. */
interface WhoAsksDeps extends RefuseDeps {
  readonly store: Store;
  readonly userTokens: UserTokens;
  readonly keyRates: KeyRates;
  readonly clock: Clock;
}

const AGENT_REVOKED = { code: "agent_revoked", detail: "the agent of this key was revoked" } as const;

/** What goes beyond the key: its agent, the end user, the address. Most calls have none of it, and look nothing up. */
export function whoAsks(
  deps: WhoAsksDeps,
  call: IncomingCall,
  { key, nonce }: Identified & { readonly ok: true },
  facts: Facts,
  allowPaused = false,
): Soon<KnownAsker> {
  const { headers } = call.signed;
  if (isPlain(key, headers)) return { ok: true, asker: plainAsker(key) };
  if (key.agentId !== null) facts.agent_id = key.agentId;
  const input = { key, nonce, headers, address: call.address(), now: deps.clock.now(), allowPaused };
  return findAsker(deps, input).then((known) => {
    const userId = known.ok ? known.asker.user?.id : known.userId;
    if (userId !== undefined) facts.user_id = userId;
    if (known.ok && known.asker.session) facts.session_id = known.asker.session.id;
    return known;
  });
}

/** A key of an agent that was revoked went with it, and its holder may know why. */
export async function refuseUnknown(
  deps: WhoAsksDeps,
  requestId: string,
  who: Identified & { readonly ok: false },
  action: string,
): Promise<Refused> {
  const { code, key } = who;
  const agent = code === "invalid_key" && key?.agentId ? await deps.store.findAgent(key.appId, key.agentId) : null;
  const why = agent?.status === "revoked" ? { ...who, ...AGENT_REVOKED } : who;
  return refuseStranger(deps, requestId, why, action);
}

/** Every answer to a key that is deprecated says so. */
export function marked({ deprecatedAt }: ApiKeyRecord, refusing: Promise<Refused>): Promise<Refused> {
  return deprecatedAt === null ? refusing : refusing.then((answer) => ({ ...answer, keyDeprecated: true }));
}

/** A copy of a request that came together with it was counted for its key, and must not be. */
export async function costlessReplay<T extends { readonly ok: true }>(
  rates: KeyRates,
  { id, requestsPerMinute }: ApiKeyRecord,
  answering: Promise<T | Refused>,
): Promise<T | Refused> {
  const answer = await answering;
  if (requestsPerMinute !== null && !answer.ok && isReplay(answer)) rates.giveBack(id);
  return answer;
}
