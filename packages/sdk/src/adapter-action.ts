/**
 * "Somebody must act first", as one object for every framework: LangGraph gets it as an interrupt, the AI SDK as a part
 * of the stream, Express as problem+json, MCP as an elicitation. Whether it was done is always asked of the vault, by
 * making the call again: never taken from what a browser, a model or a resumed graph says.
 */
import { createConnectSessionForError } from "./connect-for-error.ts";
import type { ConnectForErrorOptions } from "./connect-for-error.ts";
import type { Core } from "./core.ts";
import { AlterSDKError } from "./alter-sdk-error.ts";
import {
  AlterValueError,
  ApprovalRequiredError,
  GrantNotFoundError,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
} from "./errors.ts";

export interface ActionRequired {
  /** Connect an account; connect it again for more scopes; approve the call. */
  readonly type: "connect_required" | "scope_required" | "approval_required";
  /** Where the person does it. Works once. Null where the vault gives no link, such as for a provider not set up. */
  readonly url: string | null;
  /** One sentence for the person, without the link. */
  readonly message: string;
  readonly providerId: string | null;
  readonly grantId: string | null;
  /** Of `scope_required`; empty where the provider does not say which. */
  readonly missingScopes: readonly string[];
  /** Of `approval_required`: the same for the same call, as long as it waits. */
  readonly approvalId: string | null;
  /** ISO 8601, of the link. */
  readonly expiresAt: string | null;
}

/** How the link is made; see `createConnectSession()`. */
export type ActionOptions = Pick<ConnectForErrorOptions, "returnUrl" | "agent" | "loginHint" | "signal" | "timeout">;

/** What somebody must do before a call that failed like this can succeed; null when nobody can do anything. */
export async function actionFor(
  core: Core,
  error: unknown,
  options: ActionOptions = {},
): Promise<ActionRequired | null> {
  if (error instanceof ApprovalRequiredError) return approval(error);
  if (error instanceof ScopeReauthRequiredError) return connection(core, error, options);
  if (error instanceof ReAuthRequiredError || error instanceof GrantNotFoundError) {
    return connection(core, error, options);
  }
  return null;
}

function approval(error: ApprovalRequiredError): ActionRequired {
  return {
    type: "approval_required",
    url: error.approvalUrl ?? null,
    message: "Somebody must approve this call first.",
    providerId: error.providerId ?? null,
    grantId: error.grantId ?? null,
    missingScopes: [],
    approvalId: error.approvalId ?? null,
    expiresAt: error.approvalExpiresAt ?? null,
  };
}

async function connection(
  core: Core,
  error: ScopeReauthRequiredError | ReAuthRequiredError | GrantNotFoundError,
  options: ActionOptions,
): Promise<ActionRequired | null> {
  const isScopes = error instanceof ScopeReauthRequiredError;
  const { providerId = null, grantId = null } = error;
  const link = await linkFor(core, error, options);
  if (link === null) return null;
  const account = providerId === null ? "the account" : `the ${providerId} account`;
  const message = isScopes
    ? `The user must connect ${account} again and allow more access.`
    : `The user must connect ${account} first.`;
  const missingScopes = isScopes ? error.missingScopes : [];
  const type = isScopes ? "scope_required" : "connect_required";
  return { type, ...link, message, providerId, grantId, missingScopes, approvalId: null };
}

/** Null when connecting mends nothing. */
async function linkFor(
  core: Core,
  error: unknown,
  options: ActionOptions,
): Promise<Pick<ActionRequired, "url" | "expiresAt"> | null> {
  try {
    const { connectUrl, expiresAt } = await createConnectSessionForError(core, error, options);
    return { url: connectUrl, expiresAt };
  } catch (failure) {
    if (failure instanceof AlterValueError) return null;
    // That connecting is not set up must not hide that the user is not connected.
    if (failure instanceof AlterSDKError) return { url: null, expiresAt: null };
    throw failure;
  }
}
