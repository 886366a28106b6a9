/**
 * On whose behalf a managed secret is granted. The label is what people see in lists and in the Wallet, so where a person
 * or a group is meant there must be one.
 */
import type { Principal as WirePrincipal } from "@alter-vault/protocol";
import { checkText } from "./call-defaults.ts";
import { checkUuid } from "./check-uuid.ts";
import { AlterValueError } from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkUserToken } from "./user-token.ts";
import { withSecret } from "./with-secret.ts";

/** Nobody in particular: whoever may use the app's key may use the grant. */
export interface SystemPrincipal {
  readonly type: "system";
  readonly label?: string | undefined;
}

/** One end user, by their token, or by the id of one whom the vault has seen. */
export interface UserPrincipal {
  readonly type: "user";
  readonly userToken?: string | undefined;
  readonly userId?: string | undefined;
  readonly label: string;
}

/** Everybody in a group of an identity provider, now and later. */
export interface GroupPrincipal {
  readonly type: "group";
  readonly idpId: string;
  readonly externalGroupId: string;
  readonly label: string;
}

/** One agent: the one of this id, or the one whose key signs. */
export interface AgentPrincipal {
  readonly type: "agent";
  readonly agentId?: string | undefined;
  readonly label?: string | undefined;
}

export type Principal = SystemPrincipal | UserPrincipal | GroupPrincipal | AgentPrincipal;

export function systemPrincipal(principal: Omit<SystemPrincipal, "type"> = {}): SystemPrincipal {
  return { type: "system", ...principal };
}

/** Printing and serializing leave the token out. */
export function userPrincipal({ userToken, ...principal }: Omit<UserPrincipal, "type">): UserPrincipal {
  return withSecret({ type: "user" as const, ...principal }, "userToken", userToken);
}

export function groupPrincipal(principal: Omit<GroupPrincipal, "type">): GroupPrincipal {
  return { type: "group", ...principal };
}

export function agentPrincipal(principal: Omit<AgentPrincipal, "type"> = {}): AgentPrincipal {
  return { type: "agent", ...principal };
}

/** Checks a principal and writes it as the wire has it. Throws AlterValueError for what is missing or too much. */
export function principalToWire(principal: Principal): WirePrincipal {
  switch (principal?.type) {
    case "system":
      checkKnownNames(principal, ["type", "label"]);
      return { type: "system", ...optionalLabel(principal) };
    case "user":
      checkKnownNames(principal, ["type", "userToken", "userId", "label"]);
      return { type: "user", ...user(principal), label: neededLabel("userPrincipal", principal) };
    case "group":
      checkKnownNames(principal, ["type", "idpId", "externalGroupId", "label"]);
      return {
        type: "group",
        idp_id: checkUuid("idpId", principal.idpId),
        external_group_id: checkText("externalGroupId", principal.externalGroupId, 300),
        label: neededLabel("groupPrincipal", principal),
      };
    case "agent": {
      checkKnownNames(principal, ["type", "agentId", "label"]);
      const { agentId } = principal;
      const agent = agentId === undefined ? {} : { agent_id: checkUuid("agentId", agentId) };
      return { type: "agent", ...agent, ...optionalLabel(principal) };
    }
    default:
      throw new AlterValueError(
        'Option "principal" must be one of systemPrincipal(), userPrincipal({ userToken, label }), groupPrincipal({ idpId, externalGroupId, label }) and agentPrincipal().',
      );
  }
}

function user({ userToken, userId }: UserPrincipal): { user_token: string } | { user_id: string } {
  if (userToken !== undefined && userId !== undefined) {
    throw new AlterValueError('userPrincipal() is given both "userToken" and "userId". Keep one.');
  }
  if (userId !== undefined) return { user_id: checkUuid("userId", userId) };
  const token = checkUserToken("userToken", userToken);
  if (typeof token === "string") return { user_token: token };
  throw new AlterValueError(
    'userPrincipal() needs the "userToken" of the user, as a text, or the "userId" of one whom the vault has seen.',
  );
}

const MAX_LABEL = 200;

function neededLabel(maker: string, { label }: { readonly label: string }): string {
  if (typeof label === "string" && label.trim() !== "" && label.length <= MAX_LABEL) return label;
  throw new AlterValueError(
    `${maker}() needs a "label" of 1 to ${MAX_LABEL} characters: it is what people see in their Wallet.`,
  );
}

function optionalLabel({ label }: { readonly label?: string | undefined }): { label?: string } {
  return label === undefined ? {} : { label: checkText("label", label, MAX_LABEL) };
}
