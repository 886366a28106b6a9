import type { WaitingCall } from "../../approvals/waiting-call.ts";
import { toTimestamp } from "../../clock.ts";
import type { ApprovalLinkRecord, ApprovalRecord } from "../../store/approval-records.ts";
import { html, type Html } from "../connect/html.ts";
import { pageFrame, pair, type PageFrame } from "../connect/page-frame.ts";

export interface ShownApproval {
  readonly approval: ApprovalRecord;
  readonly link: ApprovalLinkRecord;
  readonly call: WaitingCall;
  readonly token: string;
  readonly nowMs: number;
}

/** What is asked for, whole, and by whom; with the two buttons for whoever may decide. */
export function approvalPage(shown: ShownApproval, assets: PageFrame["assets"]): string {
  const { approval, call } = shown;
  const { shown: asked } = approval;
  const who = asked.agentName ?? callerName(asked.caller);
  const isOpen = approval.status === "pending" && approval.expiresAt > shown.nowMs;
  const heading = isOpen ? `May ${who} do this?` : stateInWords(approval, shown.nowMs);
  return pageFrame({
    title: heading,
    assets,
    body: html`<header class="lead">
        ${pair(who, asked.provider)}
        <h1>${heading}</h1>
        <p>${asked.reason}</p>
      </header>
      <dl class="details">
        ${line("Call", html`<code>${asked.method} ${asked.url}</code>`)} ${line("Operation", asked.operation)}
        ${line("Agent", who)} ${line("User", approval.userId)} ${line("Run", asked.context["run_id"])}
        ${line("Thread", asked.context["thread_id"])} ${line("Asked at", toTimestamp(approval.createdAt))}
        ${line("Open until", toTimestamp(approval.expiresAt))} ${line("Decision", approval.decisionReason)}
        ${line("Problem", approval.problem)}
        ${call.headers.map(([name, value]) => line(name, html`<code>${value}</code>`))}
      </dl>
      ${body(call)} ${isOpen ? decide(shown) : null}`,
  });
}

function line(name: string, value: string | Html | null | undefined): Html | null {
  if (value === null || value === undefined) return null;
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function body({ body: text, body_bytes: bytes }: WaitingCall): Html | null {
  if (bytes === null || bytes === 0) return null;
  if (text === null) return html`<p class="notice">Its ${bytes} bytes of content are no text that can be shown.</p>`;
  return html`<section aria-labelledby="content">
    <h2 id="content">What is sent</h2>
    <pre class="content">${text}</pre>
  </section>`;
}

function decide({ link, token }: ShownApproval): Html {
  if (!link.decidesAs) {
    return html`<p class="notice" role="status">
      This link only shows the call. Whoever may approve it has a link of their own, or decides in the app.
    </p>`;
  }
  return html`<form method="post" action="/approvals" class="go-on">
    <input type="hidden" name="token" value="${token}" />
    <div class="field">
      <label for="reason">Why (whoever asked reads it)</label>
      <input type="text" id="reason" name="reason" maxlength="1000" autocomplete="off" />
    </div>
    <button class="primary" name="decision" value="approve">Approve: it is done at once</button>
    <button class="quiet" name="decision" value="deny">Deny</button>
  </form>`;
}

function stateInWords({ status, expiresAt }: ApprovalRecord, nowMs: number): string {
  if (expiresAt <= nowMs && (status === "pending" || status === "approved")) return "Nobody decided in time";
  const words = {
    pending: "It waits",
    approved: "Approved",
    executing: "Approved, and being done",
    executed: "Approved, and done",
    taken: "Approved, and done",
    denied: "Denied",
    failed: "Approved, and it failed",
  } as const;
  return words[status];
}

function callerName(caller: Readonly<Record<string, unknown>>): string {
  const { name, identifier } = caller;
  if (typeof name === "string") return name;
  return typeof identifier === "string" ? identifier : "An agent";
}
