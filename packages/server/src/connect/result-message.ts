import type { ConnectedGrant } from "@alter-vault/protocol";
import type { Session } from "./session.ts";

/**
 * What an app's page is told at the end: as a message to the window that opened the popup, or as parameters of the return
 * URL. The words are those of the published browser package, which existing pages listen for. Pure.
 */
export type ResultMessage =
  | { readonly type: "alter_connect_success"; readonly grants: readonly MessageGrant[] }
  | { readonly type: "alter_connect_error"; readonly error: string; readonly error_description: string };

export type MessageGrant = ConnectedGrant & {
  readonly metadata: { readonly account_display_name?: string; readonly account_email?: string };
};

/** Null while the session is open. */
export function resultMessage(session: Session): ResultMessage | null {
  if (session.status === "pending") return null;
  if (session.status === "completed")
    return { type: "alter_connect_success", grants: session.grants.map(withMetadata) };
  const [error, error_description] = whatWentWrong(session);
  return { type: "alter_connect_error", error, error_description };
}

/** The return URL with the result; null when the app named none. Of several grants it carries the newest. */
export function returnLocation(session: Session): string | null {
  const { returnUrl } = session.options;
  if (returnUrl === null || session.status === "pending") return null;
  const url = new URL(returnUrl);
  for (const [name, value] of Object.entries(returnParameters(session))) url.searchParams.set(name, value);
  return url.href;
}

function returnParameters(session: Session): Record<string, string> {
  const grant = session.grants.at(-1);
  if (session.status === "completed" && grant) {
    return {
      alter_connect_success: "true",
      grant_id: grant.grant_id,
      provider: grant.provider,
      provider_name: grant.provider_name,
      account_identifier: grant.account_identifier,
      timestamp: grant.timestamp,
      operation: grant.operation,
      scopes: grant.scopes.join(","),
      status: grant.status,
    };
  }
  const [error_code, error_description] = whatWentWrong(session);
  return { alter_connect_error: "true", error_code, error_description };
}

function whatWentWrong({ status, error }: Session): [code: string, description: string] {
  if (status === "expired") return ["session_expired", "The link was not used in time."];
  return [error?.code ?? "oauth_error", error?.detail ?? "The account was not connected."];
}

function withMetadata(grant: ConnectedGrant): MessageGrant {
  const { account_display_name: name, account_identifier: identifier } = grant;
  return {
    ...grant,
    metadata: {
      ...(name === null ? {} : { account_display_name: name }),
      ...(/^[^@\s]+@[^@\s]+$/.test(identifier) ? { account_email: identifier } : {}),
    },
  };
}
