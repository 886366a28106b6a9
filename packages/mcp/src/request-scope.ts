import { contextText, resolveIds, type ToolScope } from "@alter-vault/sdk";

/** Keys of `_meta` in which a client may say ids. They are claims: good for finding a call again, and nothing more. */
export const IDS_IN_META = {
  runId: "dev.alter-vault/run-id",
  threadId: "dev.alter-vault/thread-id",
  toolCallId: "dev.alter-vault/tool-call-id",
} as const;

/** The same where a client can only add headers. */
export const IDS_IN_HEADERS = {
  runId: "x-vault-run-id",
  threadId: "x-vault-thread-id",
  toolCallId: "x-vault-tool-call-id",
} as const;

type Id = keyof typeof IDS_IN_META;
type Bag = Readonly<Record<string, unknown>>;

/** What the SDK hands to a tool, whichever it is: `extra` of version 1, `ctx` of version 2. */
export interface McpRequest {
  readonly userToken: string | undefined;
  /** The era of 2026: the answer itself asks for input. */
  readonly isModern: boolean;
  /** Whether the client opens links; undefined where nobody knows. */
  readonly opensLinks: boolean | undefined;
  /** What the user said to the link of the round before; undefined in the first. */
  readonly answer: string | undefined;
  readonly scope: ToolScope;
}

/** Reads a request without either SDK. */
export function readRequest(tool: string, given: unknown, capabilities: unknown): McpRequest {
  const root = bag(given);
  const modern = "mcpReq" in root ? bag(root["mcpReq"]) : undefined;
  const http = bag(root["http"]);
  const request = modern ?? root;
  const auth = bag(modern === undefined ? root["authInfo"] : http["authInfo"]);
  const meta = bag(request["_meta"]);
  const envelope = modern === undefined ? undefined : modern["envelope"];
  const header = headerReader(modern === undefined ? bag(root["requestInfo"])["headers"] : bag(http["req"])["headers"]);
  const explicit = (id: Id): unknown => meta[IDS_IN_META[id]] ?? header(IDS_IN_HEADERS[id]);
  const traceparent = contextText(meta["traceparent"]) ?? contextText(header("traceparent"));
  const known = envelope === undefined ? capabilities : bag(envelope)["io.modelcontextprotocol/clientCapabilities"];
  return {
    userToken: contextToken(auth["token"]),
    isModern: envelope !== undefined,
    opensLinks: known === undefined ? undefined : bag(bag(known)["elicitation"])["url"] !== undefined,
    answer: contextText(bag(bag(modern?.["inputResponses"])[ASK])["action"]),
    scope: {
      framework: "mcp",
      tool,
      ids: resolveIds({
        explicit: { runId: explicit("runId"), threadId: explicit("threadId"), toolCallId: explicit("toolCallId") },
        framework: { runId: traceIdOf(traceparent), threadId: root["sessionId"] },
      }),
      context: {
        mcp_client_id: auth["clientId"],
        mcp_session_id: root["sessionId"],
        mcp_request_id: modern === undefined ? root["requestId"] : modern["id"],
        traceparent: traceIdOf(traceparent) === undefined ? undefined : traceparent,
      },
      signal: request["signal"] instanceof AbortSignal ? request["signal"] : undefined,
    },
  };
}

/** The name of the one thing a tool asks for. */
export const ASK = "vault";

function bag(value: unknown): Bag {
  return typeof value === "object" && value !== null ? (value as Bag) : {};
}

function headerReader(headers: unknown): (name: string) => unknown {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  return (name) => bag(headers)[name];
}

function contextToken(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? "")?.[1];
}
