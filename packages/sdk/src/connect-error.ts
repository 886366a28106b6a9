import { ERROR_CODES, isErrorCode, makeProblem, type SdkErrorName } from "@alter-vault/protocol";
import type { ConnectResult } from "./connect-result.ts";
import type { ConnectSessionState } from "./connect-session.ts";
import {
  ConnectConfigError,
  ConnectDeniedError,
  ConnectFlowError,
  ConnectTimeoutError,
  type ConnectFlowErrorInit,
} from "./errors.ts";

const CLASS_OF: Partial<Record<SdkErrorName, new (message: string, init: ConnectFlowErrorInit) => ConnectFlowError>> = {
  ConnectDeniedError,
  ConnectConfigError,
  ConnectTimeoutError,
};

/** The error for a session that is over without success. Denied and expired are said by the status, the rest by code. */
export function connectError(
  status: "denied" | "failed" | "expired",
  { error, grants }: Pick<ConnectSessionState, "error" | "grants">,
): ConnectFlowError {
  switch (status) {
    case "denied":
      return byCode("connect_denied", error?.detail ?? "The user declined.", error?.providerId, grants);
    case "expired":
      return connectTimeout("The Connect session expired before the user had finished.", grants);
    case "failed":
      return byCode(error?.code ?? "connect_provider_error", error?.detail ?? "It failed.", error?.providerId, grants);
  }
}

export function connectTimeout(detail: string, connected: readonly ConnectResult[]): ConnectFlowError {
  return byCode("connect_timeout", detail, null, connected);
}

function byCode(
  code: string,
  detail: string,
  provider: string | null | undefined,
  connected: readonly ConnectResult[],
): ConnectFlowError {
  const providerId = provider ?? undefined;
  const message = `Connecting did not work: ${detail}`;
  // A vault that is newer than this package may have codes that are not known here.
  if (!isErrorCode(code)) return new ConnectFlowError(message, { details: { code, detail }, providerId, connected });
  const { sdkError, fix } = ERROR_CODES[code];
  const details = makeProblem(code, detail, providerId === undefined ? {} : { provider_id: providerId });
  const ErrorClass = CLASS_OF[sdkError] ?? ConnectFlowError;
  return new ErrorClass(`${message} ${fix}`, { code, details: { ...details }, providerId, connected });
}
