import type { IncomingMessage, ServerResponse } from "node:http";
import { HEADER, openApiDocument, ROUTES, type ErrorCode, type Health, type Route } from "@alter-vault/protocol";
import type { Clock } from "../clock.ts";
import type { Limits } from "../config.ts";
import type { Connect } from "../connect/connect.ts";
import type { Directory } from "../directory/directory.ts";
import { describeError, type Logger } from "../logger.ts";
import type { Metrics } from "../metrics.ts";
import type { IncomingCall, Operation, Refused } from "../call.ts";
import { HangUp } from "../egress/hang-up.ts";
import type { Vault } from "../vault.ts";
import type { Readiness } from "../readiness.ts";
import { StorageUnavailable } from "../store/store.ts";
import { approvalPages, type ApprovalPagesDeps } from "./approvals/approval-pages.ts";
import { connectPages } from "./connect/connect-pages.ts";
import { directoryEndpoints } from "./directory-endpoints.ts";
import { sendError, sendJson, sendProblem } from "./error-response.ts";
import type { Proxies } from "./caller-address.ts";
import { incomingCall } from "./incoming-call.ts";
import { matchRoute } from "./match-route.ts";
import { responseSink } from "./response-sink.ts";
import {
  parseInput,
  type ResourceRouteId,
  type RouteHandler,
  type RouteHandlers,
  type RouteInput,
} from "./routes/route-handler.ts";
import { welcomePage } from "./welcome-page.ts";

/**
 * HTTP in front of the door: it translates requests into calls and answers into responses, and decides nothing. It
 * trusts nothing of a request; whatever it cannot translate gets a named problem.
 */
export interface AppDeps {
  readonly vault: Vault;
  readonly routes: RouteHandlers<ResourceRouteId>;
  readonly connect: Connect;
  readonly approvals: ApprovalPagesDeps["approvals"];
  readonly directory: Directory;
  readonly publicUrl: () => string;
  readonly proxies: Proxies;
  readonly limits: Limits;
  readonly publicAuthority: string | null;
  readonly metricsToken: string | null;
  readonly openMetrics: boolean;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly version: string;
  readonly readiness: Pick<Readiness, "health" | "refusal" | "isLeaving">;
}

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

export function createApp(deps: AppDeps): RequestListener {
  const { vault, routes, limits, metrics, logger, clock, readiness } = deps;
  const proxied = { bufferedBytes: limits.bufferedBodyBytes, maxBytes: limits.maxBodyBytes };
  const resource = { bufferedBytes: limits.adminBodyBytes, maxBytes: limits.adminBodyBytes };
  const openApi = openApiDocument(deps.version);
  const browse = connectPages({ ...deps, broken });
  const browseApprovals = approvalPages({ ...deps, broken });
  const provision = directoryEndpoints({ directory: deps.directory, maxBytes: limits.adminBodyBytes });

  async function request(call: IncomingCall, incoming: IncomingMessage, response: ServerResponse): Promise<string> {
    const gone = new HangUp();
    response.on("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    const isHead = incoming.headers["alter-method"] === "HEAD";
    const answer = await vault.request(call, (facts) => responseSink(response, facts, isHead), gone);
    if (answer.ok) {
      if (!response.writableEnded) response.end();
      return "ok";
    }
    // Part of the provider's answer is out: cutting the connection is the only way to say that it is not whole.
    if (answer.started) response.destroy();
    else refuse(response, answer);
    return answer.problem.code;
  }

  async function retrieve(call: IncomingCall, response: ServerResponse): Promise<string> {
    const answer = await vault.retrieve(call);
    if (!answer.ok) return refuse(response, answer);
    if (answer.keyDeprecated) response.setHeader(HEADER.keyDeprecated, "true");
    sendJson(response, 200, answer.injection, answer.injection.request_id);
    return "ok";
  }

  async function preview(call: IncomingCall, search: string, response: ServerResponse): Promise<string> {
    const asked = ROUTES.preview.query.safeParse(Object.fromEntries(new URLSearchParams(search)));
    if (!asked.success) {
      sendError(response, "invalid_request");
      return "invalid_request";
    }
    const answer = await vault.preview(call, asked.data.mode);
    if (!answer.ok) return refuse(response, answer);
    if (answer.keyDeprecated) response.setHeader(HEADER.keyDeprecated, "true");
    sendJson(response, 200, answer.preview, answer.preview.request_id);
    return "ok";
  }

  async function perform(
    call: IncomingCall,
    id: ResourceRouteId,
    param: string,
    search: string,
    response: ServerResponse,
  ): Promise<string> {
    const route: Route = ROUTES[id];
    const operation: Operation = {
      scope: route.scope,
      action: id,
      allowPaused: id === "whoami" || id === "resolveIdentity",
      recorded: id === "exportAudit" || id === "exportUser" || (route.method !== "GET" && id !== "pollConnectSession"),
      plan(caller, body) {
        const input = parseInput(route, search, body);
        if (!input.ok) return input;
        // parseInput used the schemas of this very route.
        const handler = routes[id] as RouteHandler<ResourceRouteId>;
        return handler({ caller, id: param, query: input.query, body: input.body } as RouteInput<ResourceRouteId>);
      },
    };
    const answer = await vault.perform(call, operation);
    if (!answer.ok) return refuse(response, answer);
    if (answer.keyDeprecated) response.setHeader(HEADER.keyDeprecated, "true");
    if (answer.lines) await sendLines(response, answer.lines, answer.requestId);
    else sendJson(response, route.status, answer.body, answer.requestId);
    return "ok";
  }

  /** Endpoints without a signature: health, metrics, the description of the others. */
  async function open(path: string, incoming: IncomingMessage, response: ServerResponse): Promise<boolean> {
    switch (path) {
      case "/healthz":
        sendJson(response, 200, { status: "ok", version: deps.version } satisfies Health);
        return true;
      case "/readyz": {
        const health = await readiness.health();
        sendJson(response, health.status === "ok" ? 200 : 503, health);
        return true;
      }
      case "/openapi.json":
        sendJson(response, 200, openApi);
        return true;
      case "/metrics":
        if (!mayReadMetrics(incoming)) sendError(response, "unknown_route");
        else {
          const text = await metrics.text();
          response.writeHead(200, { "content-type": metrics.contentType }).end(text);
        }
        return true;
      case "/":
      case "/portal":
        sendPage(response, welcomePage(deps.version));
        return true;
      default:
        return false;
    }
  }

  function broken(error: unknown): ErrorCode {
    const code = error instanceof StorageUnavailable ? "storage_unavailable" : "internal";
    logger.error("request failed", { code, error: describeError(error) });
    return code;
  }

  function mayReadMetrics(incoming: IncomingMessage): boolean {
    if (deps.metricsToken === null) return deps.openMetrics;
    return incoming.headers.authorization === `Bearer ${deps.metricsToken}`;
  }

  async function route(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = incoming.url ?? "/";
    const cut = url.indexOf("?");
    const path = cut === -1 ? url : url.slice(0, cut);
    const started = clock.monotonic();
    const done = (mode: "proxy" | "retrieve" | "preview" | "admin", code: string): void =>
      metrics.called(mode, code, (clock.monotonic() - started) / 1000);
    if (readiness.isLeaving()) response.shouldKeepAlive = false;
    const refusal = path === "/healthz" || path === "/readyz" ? null : readiness.refusal();
    if (refusal !== null) return sendError(response, refusal);
    if (incoming.method === "POST" && path === "/v1/request") {
      return done("proxy", await request(incomingCall(incoming, deps, proxied), incoming, response));
    }
    if (incoming.method === "POST" && path === "/v1/retrieve") {
      return done("retrieve", await retrieve(incomingCall(incoming, deps, proxied), response));
    }
    if (incoming.method === "POST" && path === "/v1/preview") {
      return done("preview", await preview(incomingCall(incoming, deps, proxied), url.slice(path.length), response));
    }
    if (incoming.method === "GET" && (await open(path, incoming, response))) return;
    const search = cut === -1 ? "" : url.slice(cut);
    if (await browse(incoming, response, path, search)) return;
    if (await browseApprovals(incoming, response, path, search)) return;
    if (await provision(incoming, response, path, search)) return;
    const matched = matchRoute(incoming.method ?? "", path);
    if (matched.found === "nothing") return sendError(response, "unknown_route");
    if (matched.found === "path") return sendError(response, "method_not_allowed", { allow: matched.allow });
    if (matched.id === "request" || matched.id === "retrieve" || matched.id === "preview")
      return sendError(response, "method_not_allowed", { allow: "POST" });
    const call = incomingCall(incoming, deps, resource);
    done("admin", await perform(call, matched.id, matched.param, search, response));
  }

  const calledOff = (): void => metrics.inFlight(-1);
  return (incoming, response) => {
    metrics.inFlight(1);
    response.on("close", calledOff);
    route(incoming, response).catch((error: unknown) => {
      const code = broken(error);
      if (response.headersSent) response.destroy();
      else sendError(response, code);
    });
  };
}

function refuse(response: ServerResponse, { problem, keyDeprecated = false }: Refused): string {
  const headers: Record<string, string> = keyDeprecated ? { [HEADER.keyDeprecated]: "true" } : {};
  if (!response.destroyed) sendProblem(response, problem, headers);
  return problem.code;
}

async function sendLines(response: ServerResponse, lines: AsyncIterable<string>, requestId: string): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "cache-control": "no-store",
    [HEADER.outcome]: "vault",
    [HEADER.requestId]: requestId,
  });
  for await (const line of lines) {
    if (response.destroyed) return;
    if (!response.write(line))
      await new Promise<void>((resume) => {
        response.once("drain", resume);
        response.once("close", resume);
      });
  }
  response.end();
}

function sendPage(response: ServerResponse, html: string): void {
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
  response.end(html);
}
