import type { ErrorCode } from "@alter-vault/protocol";
import { errors } from "undici";
import { AddressForbiddenError } from "./lookup.ts";

export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
  /** The connection failed in a way that the next one may not. */
  readonly transient: boolean;
}

const TRANSIENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
]);
/** What undici says about a 100 or 101 nobody asked for, and about bytes before the request. */
const STRAY_ANSWER = /^bad (?:response|upgrade)$/;

/**
 * What an error of the connection means, or null when it is none: a bug, then. Of the error only its code is told;
 * messages hold addresses and pieces of what was received.
 */
export function describeFailure(error: unknown, host: string, started: boolean): Failure | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof AddressForbiddenError) return failure("target_address_forbidden", error.message);
  if (error instanceof errors.HTTPParserError)
    return failure("upstream_protocol_error", `the answer of ${host} is not valid HTTP`);
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  switch (code) {
    case null:
      return null;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return failure("upstream_timeout", `${host} could not be connected to in time`);
    case "UND_ERR_HEADERS_TIMEOUT":
      return failure("upstream_timeout", `${host} did not answer in time`);
    case "UND_ERR_BODY_TIMEOUT":
      return failure("upstream_timeout", `${host} fell silent in the middle of its answer`);
    case "UND_ERR_HEADERS_OVERFLOW":
      return failure("upstream_protocol_error", `the headers of ${host} are over the limit`);
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return failure("upstream_protocol_error", `the answer of ${host} is not as long as it was said to be`);
    case "UND_ERR_ABORTED":
      return failure("client_closed", "the body of the request broke off");
    case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
      return failure("invalid_request", "the body of the request is not as long as it was said to be");
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return failure("header_invalid", "a header of the request cannot be sent");
    case "UND_ERR_CLOSED":
    case "UND_ERR_DESTROYED":
      return failure("shutting_down", "the vault is stopping");
    case "UND_ERR_SOCKET":
      if (started) return failure("upstream_protocol_error", `${host} broke off its answer`);
      if (STRAY_ANSWER.test(error.message)) return failure("upstream_protocol_error", `${host} answered out of turn`);
      return failure("upstream_unreachable", `${host} closed the connection`, true);
    default:
      return failure("upstream_unreachable", `no connection to ${host} (${code})`, TRANSIENT.has(code));
  }
}

function failure(code: ErrorCode, detail: string, transient = false): Failure {
  return { code, detail, transient };
}
