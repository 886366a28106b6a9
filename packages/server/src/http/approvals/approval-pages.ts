import type { IncomingMessage, ServerResponse } from "node:http";
import { ERROR_CODES, makeProblem, type ErrorCode } from "@alter-vault/protocol";
import type { ApprovalLinks } from "../../approvals/approval-links.ts";
import type { ApprovalRunner } from "../../approvals/approval-runner.ts";
import { decideByLink } from "../../approvals/decide-by-link.ts";
import { openWaitingCall } from "../../approvals/waiting-call.ts";
import type { AuditLog } from "../../audit/log.ts";
import type { Clock } from "../../clock.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import type { ApprovalRecord } from "../../store/approval-records.ts";
import type { Store } from "../../store/store.ts";
import { PAGE_ASSETS } from "../connect/assets.ts";
import type { ConnectPages } from "../connect/connect-pages.ts";
import { errorPage } from "../connect/error-page.ts";
import { readForm } from "../connect/read-form.ts";
import { isFromOwnPage } from "../connect/same-origin.ts";
import { sendOnward, sendPage } from "../connect/send-page.ts";
import { sendError } from "../error-response.ts";
import { approvalPage } from "./approval-page.ts";

/**
 * What browsers see of approvals: one page, by a link, and the form on it. The link says which call, and whether its
 * holder may decide, and as whom; nothing else of the request is trusted.
 */
export interface ApprovalPagesDeps {
  readonly approvals: {
    readonly store: Store;
    readonly keyring: Keyring;
    readonly log: Pick<AuditLog, "record" | "outcome" | "newId">;
    readonly clock: Clock;
    readonly runner: Pick<ApprovalRunner, "start">;
    readonly links: Pick<ApprovalLinks, "find">;
  };
  readonly publicUrl: () => string;
  readonly broken: (error: unknown) => ErrorCode;
}

const PATH = "/approvals";
const MOST_REASON = 1000;

export function approvalPages({ approvals, publicUrl, broken }: ApprovalPagesDeps): ConnectPages {
  const { store, keyring, clock, links } = approvals;

  async function show(response: ServerResponse, token: string): Promise<void> {
    const found = await links.find(token);
    if (!found) return sendProblem(response, "approval_not_found");
    const { approval } = found;
    const call = await openWaitingCall({ store, keyring }, approval);
    const votes = await store.listApprovalVotes(approval.appId, approval.id);
    const [user, account] = [await userText(approval), await accountText(approval)];
    const page = approvalPage({ ...found, call, votes, user, account, token, nowMs: clock.now() }, PAGE_ASSETS);
    sendPage(response, 200, page);
  }

  async function accountText({ appId, shown }: ApprovalRecord): Promise<string | null> {
    const grant = (await store.findGrant(appId, shown.grantId))?.grant;
    return grant?.account?.identifier ?? grant?.account?.name ?? grant?.label ?? null;
  }

  async function userText({ appId, userId }: ApprovalRecord): Promise<string | null> {
    if (userId === null) return null;
    const found = await store.findUser(appId, userId);
    const { name = null, email = null } = found?.user ?? {};
    return [name, email].filter((one) => one !== null).join(", ") || userId;
  }

  async function decide(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isFromOwnPage(request, publicUrl())) return sendProblem(response, "origin_not_allowed");
    const form = await readForm(request);
    const decision = form?.get("decision");
    if (!form || (decision !== "approve" && decision !== "deny")) return sendProblem(response, "invalid_request");
    const token = form.get("token") ?? "";
    const found = await links.find(token);
    if (!found) return sendProblem(response, "approval_not_found");
    const reason = form.get("reason")?.trim().slice(0, MOST_REASON) || null;
    const failure = await decideByLink(approvals, { ...found, decision, reason });
    if (failure) return sendProblem(response, failure.code, failure.detail);
    sendOnward(response, `${PATH}?token=${token}`);
  }

  return async (request, response, path, search) => {
    if (path !== PATH) return false;
    try {
      if (request.method === "GET") await show(response, new URLSearchParams(search).get("token") ?? "");
      else if (request.method === "POST") await decide(request, response);
      else sendError(response, "method_not_allowed", { allow: "GET, POST" });
    } catch (error) {
      const code = broken(error);
      if (response.headersSent) response.destroy();
      else sendProblem(response, code);
    }
    return true;
  };
}

function sendProblem(response: ServerResponse, code: ErrorCode, detail: string = ERROR_CODES[code].title): void {
  const problem = makeProblem(code, detail);
  sendPage(
    response,
    problem.status,
    errorPage({ problem, session: null, appName: null, retryToken: null }, PAGE_ASSETS),
  );
}
