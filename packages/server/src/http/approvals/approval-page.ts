import { findProvider } from "@alter-vault/providers";
import type { WaitingCall } from "../../approvals/waiting-call.ts";
import { toTimestamp } from "../../clock.ts";
import type { ApprovalLinkRecord, ApprovalRecord, ApprovalVote, ShownCall } from "../../store/approval-records.ts";
import { html, type Html } from "../connect/html.ts";
import { pageFrame, pair, type PageFrame } from "../connect/page-frame.ts";

export interface ShownApproval {
  readonly approval: ApprovalRecord;
  readonly link: ApprovalLinkRecord;
  readonly call: WaitingCall;
  readonly votes: readonly ApprovalVote[];
  /** For whom the call is made, as people know them. */
  readonly user: string | null;
  /** With which it is made; null: it has no name. */
  readonly account: string | null;
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
        ${line("Call", html`<code>${asked.method} ${asked.url}</code>`)} ${line("Operation", operationText(asked))}
        ${line("Provider", asked.provider)} ${line("Account", shown.account)}
        ${line(asked.agentName === null ? "Calls itself" : "Agent", who)} ${line("User", shown.user)}
        ${line("Run", asked.context["run_id"])} ${line("Thread", asked.context["thread_id"])}
        ${line("Asked at", toTimestamp(approval.createdAt))} ${line("Open until", toTimestamp(approval.expiresAt))}
        ${line("Approved by", votesText(shown))} ${line("Decision", approval.decisionReason)}
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

function decide({ approval, link, votes, token }: ShownApproval): Html {
  if (!link.decidesAs) {
    return html`<p class="notice" role="status">
      This link only shows the call. Whoever may approve it has a link of their own, or decides in the app.
    </p>`;
  }
  // No input of one line: Enter in one presses the first button.
  return html`<form method="post" action="/approvals" class="go-on">
    <input type="hidden" name="token" value="${token}" />
    <div class="field">
      <label for="reason">Why (whoever asked reads it)</label>
      <textarea id="reason" name="reason" maxlength="1000" rows="2" autocomplete="off"></textarea>
    </div>
    <button class="primary" name="decision" value="approve">
      ${isLastYes(approval, votes) ? "Approve: it is done at once" : "Approve"}
    </button>
    <button class="quiet" name="decision" value="deny">Deny</button>
  </form>`;
}

/** Whether nobody else has to say yes, as far as can be told before it is known which rules this yes is for. */
function isLastYes({ requirements }: ApprovalRecord, votes: readonly ApprovalVote[]): boolean {
  return requirements.every(
    ({ ruleId, quorum }) =>
      votes.filter(({ decision, ruleIds }) => decision === "approve" && ruleIds.includes(ruleId)).length + 1 >= quorum,
  );
}

/** What the catalogue calls it, and what that does. */
function operationText({ operation, provider }: ShownCall): string | null {
  if (operation === null) return null;
  const known = findProvider(provider)?.operations.find(({ id }) => `${provider}.${id}` === operation);
  return known ? `${operation} (${known.access})` : operation;
}

/** Null: one yes is enough, which needs no words. */
function votesText({ approval: { requirements }, votes }: ShownApproval): string | null {
  if (requirements.every(({ quorum }) => quorum === 1) && requirements.length === 1) return null;
  const counts = requirements.map(({ ruleId, quorum }) => {
    const has = votes.filter(({ decision, ruleIds }) => decision === "approve" && ruleIds.includes(ruleId)).length;
    return `${has} of ${quorum}`;
  });
  return counts.join(", ");
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
