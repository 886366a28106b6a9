import type { Failure } from "../call.ts";
import { userStands } from "../identity/user-stands.ts";
import type { IdentityStore } from "../store/identity-records.ts";
import type { Session } from "./session.ts";

/** A link outlives the moment it was made in. Null: whoever it connects for is still let in. */
export async function ownerGone(
  store: Pick<IdentityStore, "findUser" | "findIdp">,
  { appId, options }: Pick<Session, "appId" | "options">,
): Promise<Failure | null> {
  const { principal } = options.wishes;
  if (principal?.type !== "user" || principal.id === null) return null;
  const standing = await userStands(store, appId, principal.id);
  return standing.ok ? null : standing;
}
