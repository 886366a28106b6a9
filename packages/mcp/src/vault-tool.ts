/**
 * Tools for MCP servers whose calls go through the vault, for servers made with version 1 or 2 of the SDK, of which it
 * uses neither. The user is who the server's own authentication says it is; their token is exchanged once for a
 * short-lived vault session and goes to no provider, and no token of a provider goes to the client.
 */
import {
  attempt,
  attemptTool,
  checkToolForm,
  createUserSessions,
  toolVault,
  type CredentialOptions,
  type ToolForm,
  type UserSessionOptions,
  type UserVault,
  type VaultCalls,
} from "@alter-vault/sdk";
import { askUser, type ToolResult, type UrlElicitationError } from "./ask-user.ts";
import { readRequest, type McpRequest } from "./request-scope.ts";

/** Standard Schema, which zod 3 (from 3.25) and 4 are. */
interface InputSchema<Input> {
  readonly "~standard": { readonly types?: { readonly output: Input } | undefined };
}

interface SharedOptions<Input> extends CredentialOptions {
  /** An AlterVault. */
  readonly vault: VaultCalls & UserVault;
  readonly name: string;
  readonly description: string;
  readonly inputSchema: InputSchema<Input>;
  /**
   * Default: `"auth"`, calls are for the user whose token the server has verified, where there is one. With false, all
   * calls are for the app itself.
   */
  readonly userToken?: "auth" | false | undefined;
  readonly session?: UserSessionOptions | undefined;
  /** That of your SDK, to ask clients of the 2025 protocol to open a link. Without it they get the link as text. */
  readonly UrlElicitationRequiredError?: UrlElicitationError | undefined;
  /** Milliseconds to wait when the user says to have opened the link, before asking again. Default: 30000. */
  readonly waitForUser?: number | undefined;
}

/** What `output` or `execute` gives goes to the client. */
export type VaultMcpToolOptions<Input> = SharedOptions<Input> & ToolForm<Input, unknown>;

export interface VaultMcpTool {
  readonly name: string;
  readonly config: { readonly description: string; readonly inputSchema: unknown };
  /** For `registerTool()`; `capabilities` are the client's, where the server knows them. */
  readonly handle: (input: unknown, request: unknown, capabilities?: unknown) => Promise<unknown>;
}

/**
 * Makes a tool of an MCP server. Failures that were to be expected are results with `isError`; where the user must connect
 * an account or approve, the client is asked to open the link. Mistakes of the program are thrown.
 */
export function vaultTool<Input>(options: VaultMcpToolOptions<Input>): VaultMcpTool {
  const { vault, name, description, inputSchema } = options;
  const { userToken = "auth", session, UrlElicitationRequiredError, waitForUser = 30_000 } = options;
  checkToolForm(options);
  const view = toolVault(options);
  const sessionFor = createUserSessions(vault, session);

  async function viewOf(request: McpRequest): Promise<VaultCalls> {
    if (userToken === false || request.userToken === undefined) return view;
    return view.with({ userToken: await sessionFor(request.userToken) });
  }

  async function handle(input: unknown, given: unknown, capabilities?: unknown): Promise<unknown> {
    const request = readRequest(name, given, capabilities);
    const { scope, answer } = request;
    const asker = await attempt(view, scope.signal, () => viewOf(request));
    if (!asker.ok) return failed(asker.told);
    const bound = asker.value;
    for (let mayWait = answer === "accept"; ; mayWait = false) {
      const tried = await attemptTool(bound, scope, options, input as Input);
      if (tried.ok) return result(tried.value);
      const { told, action } = tried;
      if (action === null) return failed(told);
      if (mayWait && (await bound.waitFor(action, { timeout: waitForUser, signal: scope.signal }))) continue;
      const isNo = answer !== undefined && answer !== "accept";
      return (isNo ? null : askUser(request, action, UrlElicitationRequiredError)) ?? failed(told);
    }
  }

  return { name, config: { description, inputSchema }, handle };
}

/** The part of an `McpServer` of either version that is needed here. */
interface Server {
  registerTool(name: string, config: never, handler: never): unknown;
  readonly server?: { getClientCapabilities?(): unknown };
}

/**
 * Makes a tool and registers it.
 *
 * @example
 * registerVaultTool(server, {
 *   vault,
 *   provider: "github",
 *   name: "list_issues",
 *   description: "Lists the open issues of a repository.",
 *   inputSchema: z.object({ owner: z.string(), repo: z.string() }),
 *   request: (pathParams) => ({ method: "GET", url: "https://api.github.com/repos/{owner}/{repo}/issues", pathParams }),
 * });
 */
export function registerVaultTool<Input>(server: Server, options: VaultMcpToolOptions<Input>): VaultMcpTool {
  const tool = vaultTool(options);
  const handler = (input: unknown, request: unknown): Promise<unknown> =>
    tool.handle(input, request, server.server?.getClientCapabilities?.());
  server.registerTool(tool.name, tool.config as never, handler as never);
  return tool;
}

function result(value: unknown): ToolResult {
  return { content: [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value ?? null) }] };
}

function failed(told: object): ToolResult {
  return { ...result(told), isError: true };
}
