import { contextText, currentContext, currentGeneration, watchGenerations } from "@alter-vault/sdk";
import { IDS_IN_HEADERS } from "./request-scope.ts";

type Fetch = typeof globalThis.fetch;

/**
 * A `fetch` for an MCP client's HTTP transport that tells the server the run, thread and tool call a request belongs to:
 * those of the enclosing `withContext()`, and those of the AI SDK (version 7). Give it to transports of servers that you
 * trust with these ids, and to no other.
 *
 * @example
 * createMCPClient({ transport: { type: "http", url, fetch: vaultIdsFetch() } });
 */
export function vaultIdsFetch(fetch: Fetch = (input, init) => globalThis.fetch(input, init)): Fetch {
  watchGenerations();
  return (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    const context = currentContext();
    const generation = currentGeneration();
    const ids = headersFor(
      context["run_id"] ?? generation.runId,
      context["thread_id"],
      generation.toolCallId ?? context["tool_call_id"],
    );
    for (const [name, value] of Object.entries(ids)) headers.set(name, value);
    return fetch(input, { ...init, headers });
  };
}

/**
 * The same for `beforeToolCall` of LangChain's MCP client, out of the config of the tool call.
 *
 * @example
 * new MultiServerMCPClient({ mcpServers, beforeToolCall: (_request, _state, config) => ({ headers: vaultIdsHeaders(config) }) });
 */
export function vaultIdsHeaders(config: unknown): Record<string, string> {
  const { configurable, toolCall } = (config ?? {}) as { readonly configurable?: unknown; readonly toolCall?: unknown };
  const { vault_run_id: runId, thread_id: threadId } = (configurable ?? {}) as Readonly<Record<string, unknown>>;
  const { id } = (toolCall ?? {}) as { readonly id?: unknown };
  const context = currentContext();
  return headersFor(
    contextText(runId) ?? context["run_id"],
    contextText(threadId) ?? context["thread_id"],
    contextText(id) ?? context["tool_call_id"],
  );
}

function headersFor(runId?: string, threadId?: string, toolCallId?: string): Record<string, string> {
  const given = Object.entries({ runId, threadId, toolCallId });
  return Object.fromEntries(
    // What a header cannot carry is left out: ids must not stop a call.
    given.flatMap(([id, value]) =>
      value !== undefined && /^[\x21-\x7e]+$/.test(value)
        ? [[IDS_IN_HEADERS[id as keyof typeof IDS_IN_HEADERS], value]]
        : [],
    ),
  );
}
