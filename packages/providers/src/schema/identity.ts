import { z } from "zod";
import { Call } from "./call.ts";
import { pointer } from "./values.ts";

/**
 * Whose account it is. Needed in every entry: connecting the same account again must lead to the same grant, and that is
 * decided by `id`.
 */
export const Identity = z.strictObject({
  /** `token`: the token answer holds it. `id_token`: its claims do. `call`: ask. */
  from: z.enum(["token", "id_token", "call"]),
  call: Call.optional(),
  /**
   * Parts that together never change and are never given to another account: `[/team/id, /authed_user/id]`. A part that
   * is missing fails the connection, unless it is written `{ at: /enterprise/id, optional: true }`.
   */
  id: z
    .array(z.union([pointer, z.strictObject({ at: pointer, optional: z.literal(true) })]))
    .min(1)
    .max(4),
  /** What the user knows the account by: mail address, login. */
  account: pointer.optional(),
  /** The name to show. */
  name: pointer.optional(),
  /** Workspace, organisation or site the account belongs to. */
  tenant: pointer.optional(),
});
export type Identity = z.infer<typeof Identity>;
