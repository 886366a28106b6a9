import type { ActionRequired } from "@alter-vault/sdk";
import { ASK, type McpRequest } from "./request-scope.ts";

export interface ToolResult {
  readonly content: { type: "text"; text: string }[];
  readonly isError?: true;
}

/** `UrlElicitationRequiredError` of the SDK the server is made with: it looks at the class. */
export type UrlElicitationError = new (elicitations: UrlElicitation[]) => Error;

interface UrlElicitation {
  mode: "url";
  url: string;
  message: string;
  elicitationId: string;
}

/**
 * Asks the user to open the link, in the words of the protocol's era: an answer that requires input (2026), or an error
 * that requires an elicitation (2025). Null where the client cannot open links. That a user opened it says nothing; the
 * vault is asked again.
 */
export function askUser(
  { isModern, opensLinks }: McpRequest,
  action: ActionRequired,
  Required: UrlElicitationError | undefined,
): unknown {
  const { url, message } = action;
  if (url === null) return null;
  if (isModern) {
    if (opensLinks !== true) return null;
    const ask = { method: "elicitation/create", params: { mode: "url", url, message } };
    return { resultType: "input_required", inputRequests: { [ASK]: ask } };
  }
  if (opensLinks === false || Required === undefined) return null;
  throw new Required([{ mode: "url", url, message, elicitationId: crypto.randomUUID() }]);
}
