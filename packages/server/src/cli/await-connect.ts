import { setTimeout as sleep } from "node:timers/promises";
import { ERROR_CODES, isErrorCode, type ConnectSessionState } from "@alter-vault/protocol";
import { CliError } from "./cli-error.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { table } from "./table.ts";
import type { VaultClient } from "./vault-client.ts";

/**
 * Asks how a Connect session stands until it is over. Throws CliError when the user declined, when it failed, and when
 * the link ran out, by the code of the vault's own table.
 */
export async function awaitConnect(
  vault: VaultClient,
  sessionToken: string,
  intervalSeconds: number,
): Promise<ConnectSessionState> {
  for (;;) {
    const state = await vault.call("pollConnectSession", { body: { session_token: sessionToken } });
    switch (state.status) {
      case "completed":
        return state;
      case "pending":
        await sleep(intervalSeconds * 1000);
        break;
      case "denied":
        throw ended("connect_denied", state);
      case "failed":
        throw ended("connect_provider_error", state);
      case "expired":
        throw ended("connect_timeout", state);
    }
  }
}

/** What went wrong last says more than the status does. */
function ended(byStatus: "connect_denied" | "connect_provider_error" | "connect_timeout", state: ConnectSessionState) {
  const code = state.error?.code ?? byStatus;
  const known = ERROR_CODES[isErrorCode(code) ? code : byStatus];
  const exitCode = byStatus === "connect_timeout" ? EXIT.error : exitCodeOf(known.status);
  return new CliError(exitCode, {
    code,
    title: known.title,
    detail: state.error?.detail ?? `the session is ${state.status}`,
    fix: known.fix,
  });
}

/** The accounts that were connected. */
export function connectedText({ grants }: ConnectSessionState): string {
  const rows = grants.map((grant) => [
    grant.grant_id,
    grant.provider,
    grant.account_identifier,
    grant.operation === "creation" ? "new" : "connected again",
    grant.scopes,
    grant.missing_scopes,
  ]);
  return `Connected.\n\n${table(["GRANT ID", "PROVIDER", "ACCOUNT", "HOW", "SCOPES", "NOT GRANTED"], rows)}`;
}
