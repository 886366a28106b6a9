import type { AlterError, Grant, Outcome } from "./options.ts";

type Loose = Readonly<Record<string, unknown>>;

/** What the vault's page says at the end; null when it is something else. */
export function readMessage(data: unknown): Outcome | null {
  if (typeof data !== "object" || data === null) return null;
  const message = data as Loose;
  if (message["type"] === "alter_connect_error") {
    return failure(
      text(message["error"], "oauth_error"),
      text(message["error_description"], "Connecting failed."),
      message,
    );
  }
  if (message["type"] !== "alter_connect_success") return null;
  const items: unknown[] = Array.isArray(message["grants"]) ? message["grants"] : [];
  const grants = items.flatMap((item) => readGrant(item) ?? []);
  if (grants.length > 0) return { kind: "success", grants };
  return failure("invalid_response", "The vault told of no grant.");
}

/** What the vault put into the return URL; null when there is nothing. */
export function readReturn(parameters: URLSearchParams): Outcome | null {
  if (parameters.get("alter_connect_success") === "true") {
    const scopes = parameters.get("scopes");
    const grant = readGrant({ ...Object.fromEntries(parameters), scopes: scopes ? scopes.split(",") : [] });
    return grant
      ? { kind: "success", grants: [grant] }
      : failure("invalid_response", "The return URL holds no whole grant.");
  }
  if (!parameters.has("alter_connect_error")) return null;
  const code = parameters.get("error_code") ?? "oauth_error";
  return failure(code, parameters.get("error_description") ?? "Connecting failed.");
}

/** The parameters of a result, for taking them out of the address again. */
export const RETURN_PARAMETERS: readonly string[] = [
  "alter_connect_success",
  "alter_connect_error",
  "grant_id",
  "provider",
  "provider_name",
  "account_identifier",
  "timestamp",
  "operation",
  "scopes",
  "status",
  "error_code",
  "error_description",
];

export function failure(code: string, message: string, details?: Loose): Outcome & { readonly kind: "error" } {
  const error: AlterError = details === undefined ? { code, message } : { code, message, details: { ...details } };
  return { kind: "error", error };
}

function readGrant(value: unknown): Grant | null {
  if (typeof value !== "object" || value === null) return null;
  const item = value as Loose;
  const grantId = text(item["grant_id"], "");
  const provider = text(item["provider"], "");
  if (grantId === "" || provider === "") return null;
  const scopes: unknown[] = Array.isArray(item["scopes"]) ? item["scopes"] : [];
  const { metadata, operation, status } = item;
  return {
    grant_id: grantId,
    provider,
    provider_name: text(item["provider_name"], provider),
    account_identifier: text(item["account_identifier"], ""),
    timestamp: text(item["timestamp"], new Date().toISOString()),
    operation: operation === "reauth" ? "reauth" : "creation",
    scopes: scopes.filter((scope) => typeof scope === "string"),
    status: status === "pending" || status === "error" ? status : "active",
    ...(typeof metadata === "object" && metadata !== null ? { metadata } : {}),
  };
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}
