import type { IncomingMessage, ServerResponse } from "node:http";
import { ERROR_CODES, HEADER, makeProblem, type ErrorCode } from "@alter-vault/protocol";
import { setCookie } from "../../connect/browser-cookie.ts";
import type { Connect, ConnectRefused } from "../../connect/connect.ts";
import type { ConnectAction } from "../../connect/connect-log.ts";
import type { Looked } from "../../connect/look-at-session.ts";
import type { Visitor } from "../../connect/session.ts";
import type { Proxies } from "../caller-address.ts";
import { sendError } from "../error-response.ts";
import { PAGE_ASSETS, sendAsset } from "./assets.ts";
import { consentPage, type Filled } from "./consent-page.ts";
import { departurePage } from "./departure-page.ts";
import { errorPage } from "./error-page.ts";
import { fragmentPage } from "./fragment-page.ts";
import { pickerPage } from "./picker-page.ts";
import { answersOf, readForm } from "./read-form.ts";
import { resultPage } from "./result-page.ts";
import { isFromOwnPage } from "./same-origin.ts";
import { sendOnward, sendPage } from "./send-page.ts";
import { pagePath } from "./session-forms.ts";
import { sendPreflight, sendStatus } from "./status-answer.ts";
import { visitorOf } from "./visitor.ts";

/**
 * What browsers see of Connect: pages, forms, the callback, and the status for the page that opened the popup. It turns
 * requests into words for `connect/` and its answers into pages, and decides nothing. It trusts nothing of a request but
 * what `connect/` checks, and lets nothing into a page without escaping it.
 */
export interface ConnectPagesDeps {
  readonly connect: Connect;
  readonly publicUrl: () => string;
  readonly proxies: Proxies;
  /** Something broke: tells the log, and says by which code to name it. */
  readonly broken: (error: unknown) => ErrorCode;
}

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly visitor: Visitor;
}

/** False when the path is none of Connect's. */
export type ConnectPages = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: string,
) => Promise<boolean>;

export function connectPages({ connect, publicUrl, proxies, broken }: ConnectPagesDeps): ConnectPages {
  const table: Readonly<Record<string, (visit: Visit) => Promise<void> | void>> = {
    "GET /connect": show,
    "POST /connect/start": start,
    "POST /connect/finish": finish,
    "GET /oauth/callback": callback,
    "GET /sdk/oauth/connect": ({ response }) => sendPage(response, 200, fragmentPage(PAGE_ASSETS)),
    "GET /connect/status": status,
    "OPTIONS /connect/status": ({ request, response }) => sendPreflight(request, response),
  };
  const paths = new Set(Object.keys(table).map((key) => key.slice(key.indexOf(" ") + 1)));

  async function show({ response, query, visitor }: Visit): Promise<void> {
    const token = query.get("session") ?? "";
    const looked = await connect.look(visitor, token);
    if (!looked.ok) return refuse(response, looked);
    sendPage(response, 200, sessionPage(looked, token, query));
  }

  async function start({ request, response, visitor }: Visit): Promise<void> {
    const form = await readOwnForm(request, response, "connect.begin");
    if (!form) return;
    const token = form.get("session") ?? "";
    const choice = { token, providerId: form.get("provider") ?? "", variables: answersOf(form) };
    const begun = await connect.begin(visitor, choice);
    if (begun.ok) {
      const headers = { "set-cookie": setCookie(begun.cookie) };
      return sendPage(response, 200, departurePage(begun.url, begun.providerName, PAGE_ASSETS), headers);
    }
    const { issues } = begun.problem;
    const looked = issues === undefined ? null : await connect.look(visitor, token);
    const chosen = looked?.ok ? looked.choices.find(({ providerId }) => providerId === choice.providerId) : undefined;
    if (!looked?.ok || !chosen || !issues) return refuse(response, begun);
    const filled: Filled = { values: choice.variables, issues };
    sendPage(response, begun.problem.status, consentPage(looked, chosen, token, PAGE_ASSETS, filled));
  }

  async function finish({ request, response, visitor }: Visit): Promise<void> {
    const form = await readOwnForm(request, response, "connect.finish");
    if (!form) return;
    const token = form.get("session") ?? "";
    const ended = await connect.end(visitor, token);
    if (ended.ok) sendOnward(response, pagePath(token));
    else await refuse(response, ended);
  }

  async function callback({ response, query, visitor }: Visit): Promise<void> {
    const arrived = await connect.callback(visitor, query);
    const headers: Record<string, string> = arrived.cookie ? { "set-cookie": setCookie(arrived.cookie) } : {};
    if (arrived.ok) sendOnward(response, pagePath(arrived.token), headers);
    else await refuse(response, arrived, headers);
  }

  async function status({ request, response, visitor }: Visit): Promise<void> {
    const token = /^Bearer ([\w-]{1,200})$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    sendStatus(response, await connect.status(visitor, token, request.headers.origin));
  }

  async function readOwnForm(
    request: IncomingMessage,
    response: ServerResponse,
    action: ConnectAction,
  ): Promise<URLSearchParams | null> {
    const foreign = !isFromOwnPage(request, publicUrl());
    const form = foreign ? null : await readForm(request);
    if (form) return form;
    await refuse(response, await connect.refuseForm(action, foreign));
    return null;
  }

  async function refuse(
    response: ServerResponse,
    { problem, session, retryToken }: ConnectRefused,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const appName = session ? (await connect.app(session.appId)).name : null;
    const page = errorPage({ problem, session, appName, retryToken }, PAGE_ASSETS);
    const about = problem.request_id === undefined ? {} : { [HEADER.requestId]: problem.request_id };
    sendPage(response, problem.status, page, { ...about, ...headers });
  }

  return async (request, response, path, search) => {
    if (request.method === "GET" && sendAsset(response, path)) return true;
    const handle = table[`${request.method} ${path}`];
    if (!handle) {
      if (!paths.has(path)) return false;
      const allow = Object.keys(table).flatMap((key) => (key.endsWith(` ${path}`) ? [key.split(" ")[0]] : []));
      sendError(response, "method_not_allowed", { allow: allow.join(", ") });
      return true;
    }
    const visitor = visitorOf(request, proxies);
    try {
      await handle({ request, response, query: new URLSearchParams(search), visitor });
    } catch (error) {
      const code = broken(error);
      if (response.headersSent) response.destroy();
      else sendProblemPage(response, code);
    }
    return true;
  };
}

/** One way to go: its consent. Several: the picker, and the consent of what was picked. Over: the result. */
function sessionPage(looked: Looked, token: string, query: URLSearchParams): string {
  const { session, choices } = looked;
  if (session.status !== "pending") return resultPage(looked, PAGE_ASSETS);
  const [only, ...others] = choices;
  const wanted = query.get("provider");
  const chosen = others.length === 0 ? only : choices.find(({ providerId }) => providerId === wanted);
  return chosen ? consentPage(looked, chosen, token, PAGE_ASSETS) : pickerPage(looked, token, PAGE_ASSETS);
}

/** When the vault itself has a problem, a person still gets a page. */
function sendProblemPage(response: ServerResponse, code: ErrorCode): void {
  const problem = makeProblem(code, ERROR_CODES[code].title);
  const page = errorPage({ problem, session: null, appName: null, retryToken: null }, PAGE_ASSETS);
  sendPage(response, problem.status, page);
}
