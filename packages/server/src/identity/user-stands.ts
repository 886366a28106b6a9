import type { Failure } from "../call.ts";
import type { IdentityStore, UserWithGroups } from "../store/identity-records.ts";

export type Standing = { readonly ok: true; readonly found: UserWithGroups } | (Failure & { readonly ok: false });

/**
 * Whether what belongs to a user may be used: they are neither suspended nor deleted, and the app still trusts the
 * identity provider they are of. Asked for each call anew, by whoever acts for them: a session, an agent, a link.
 */
export async function userStands(
  store: Pick<IdentityStore, "findUser" | "findIdp">,
  appId: string,
  userId: string,
): Promise<Standing> {
  const found = await store.findUser(appId, userId);
  if (!found) return { ok: false, code: "user_inactive", detail: "the user is not there any more" };
  const { status, idpId } = found.user;
  if (status !== "active") return { ok: false, code: "user_inactive", detail: `the user is ${status}` };
  const idp = await store.findIdp(appId, idpId);
  if (idp?.status !== "active") {
    return { ok: false, code: "user_inactive", detail: "the identity provider of the user is not trusted any more" };
  }
  return { ok: true, found };
}
