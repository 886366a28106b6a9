import { HEADER, Problem } from "@alter-vault/protocol";
import { BackendError } from "./errors.ts";
import { readLimited } from "./read-limited.ts";

const MAX_PROBLEM_BYTES = 256 * 1024;

/** Whose answer it is. Anything but a provider's or a vault's own comes from something in between, or elsewhere. */
export type AnswerKind = "provider" | "refusal" | "vault" | "foreign";

export function answerKind({ status, headers }: Response): AnswerKind {
  const outcome = headers.get(HEADER.outcome);
  if (outcome === "provider") return "provider";
  if (mediaType(headers) === "application/problem+json") return "refusal";
  if (outcome === "vault") return status >= 400 ? "refusal" : "vault";
  return "foreign";
}

/**
 * The problem in a refusal. Throws BackendError when there is none, or when its code is not known here, as it may be
 * with a vault that is newer than this package.
 */
export async function readProblem(response: Response, origin: string): Promise<Problem> {
  const value = parseJson(await readLimited(response, MAX_PROBLEM_BYTES));
  const parsed = Problem.safeParse(value);
  if (parsed.success) return parsed.data;
  if (response.headers.get(HEADER.outcome) !== "vault" || typeof value !== "object" || value === null) {
    throw foreignAnswer(response, origin);
  }
  const detail: unknown = Reflect.get(value, "detail");
  throw new BackendError(
    `The vault refused with something this version of the SDK does not know${typeof detail === "string" ? `: ${detail}` : ""}. Update @alter-vault/sdk.`,
    {
      retryable: Reflect.get(value, "retryable") === true,
      requestId: response.headers.get(HEADER.requestId) ?? undefined,
      details: { ...value },
    },
  );
}

/** The error for an answer that is not the vault's: another server behind that address, or a proxy in front of it. */
export function foreignAnswer(response: Response, origin: string): BackendError {
  const what = `HTTP ${response.status}, ${mediaType(response.headers) || "no content type"}`;
  return new BackendError(
    `What answered at ${origin} (${what}) is not the vault. Check baseUrl, and any proxy in front of the vault.`,
    // A gateway says with these that the vault behind it is away, such as while it restarts.
    { retryable: response.status >= 502 && response.status <= 504, details: { status: response.status } },
  );
}

/** The error for an answer of the vault that has another form than this version of the SDK expects. */
export function unknownAnswer(response: Response): BackendError {
  return new BackendError(
    "The vault answered something this version of the SDK does not know. Update @alter-vault/sdk.",
    {
      requestId: response.headers.get(HEADER.requestId) ?? undefined,
      details: { status: response.status },
    },
  );
}

/** The JSON value of a text, or undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mediaType(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
