import type { Principal as WishedPrincipal } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import type { NewId } from "../random.ts";
import { SYSTEM, type Principal } from "../store/grant-records.ts";
import type { Store } from "../store/store.ts";
import type { Asker } from "./asker.ts";
import type { UserTokens } from "./user-token.ts";
import { userStands } from "./user-stands.ts";

interface PrincipalDeps {
  readonly store: Store;
  readonly userTokens: UserTokens;
  readonly newId: NewId;
  readonly now: () => number;
}

/**
 * Whom a new grant is for. A user is proven by their token, or known by their id; a group is made when it was not seen
 * before; an agent is named, or is the one that asks.
 */
export async function findPrincipal(
  { store, userTokens, newId, now }: PrincipalDeps,
  { appId, agent }: Asker,
  wish: WishedPrincipal,
): Promise<{ readonly ok: true; readonly principal: Principal } | Failure> {
  switch (wish.type) {
    case "system":
      return { ok: true, principal: SYSTEM };
    case "user": {
      if (wish.user_token !== undefined) {
        const verified = await userTokens.verify(appId, wish.user_token);
        if (!verified.ok) return verified;
        const { id, status } = verified.found.user;
        if (status !== "active") return { ok: false, code: "user_inactive", detail: `the user is ${status}` };
        return { ok: true, principal: { type: "user", id } };
      }
      const standing = wish.user_id === undefined ? null : await userStands(store, appId, wish.user_id);
      if (!standing?.ok) {
        return { ok: false, code: "user_not_found", detail: "pass the user's token, or the id of a user who was seen" };
      }
      return { ok: true, principal: { type: "user", id: standing.found.user.id } };
    }
    case "group": {
      const { idp_id: idpId, external_group_id: externalId } = wish;
      if (!(await store.findIdp(appId, idpId))) {
        return { ok: false, code: "identity_provider_not_found", detail: "no identity provider of this id" };
      }
      const known = await store.findGroupByExternalId(appId, idpId, externalId);
      const group =
        known ?? (await store.putGroup({ id: newId(), appId, idpId, externalId, name: externalId, createdAt: now() }));
      return { ok: true, principal: { type: "group", id: group.id } };
    }
    case "agent": {
      if (agent && wish.agent_id !== undefined && wish.agent_id !== agent.id) {
        return { ok: false, code: "agent_not_allowed", detail: "an agent asks for itself" };
      }
      const id = wish.agent_id ?? agent?.id;
      if (id === undefined) return { ok: false, code: "agent_key_required", detail: "name the agent, or sign as one" };
      const found = await store.findAgent(appId, id);
      if (!found || found.status === "revoked") {
        return { ok: false, code: "agent_not_found", detail: "no agent of this id" };
      }
      return { ok: true, principal: { type: "agent", id } };
    }
  }
}
