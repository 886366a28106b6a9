import type { Problem } from "@alter-vault/protocol";
import type { Session } from "../../connect/session.ts";
import { handOver, returnHead, returnLink } from "./hand-over.ts";
import { html, type Html } from "./html.ts";
import { pageFrame, type PageFrame } from "./page-frame.ts";
import { endForm, pagePath } from "./session-forms.ts";

export interface ShownProblem {
  readonly problem: Problem;
  readonly session: Session | null;
  readonly appName: string | null;
  /** There is a way to try again. */
  readonly retryToken: string | null;
}

/** What happened and what to do, for the user; code and request id, for whoever is asked for help. */
export function errorPage(
  { problem, session, appName, retryToken }: ShownProblem,
  assets: PageFrame["assets"],
): string {
  // The app hears of a session that ran out; what went wrong in an open one it hears when the user gives up.
  const over = session?.status === "expired" ? session : null;
  return pageFrame({
    title: problem.title,
    assets,
    ...(over ? { head: returnHead(over), data: handOver(over) } : {}),
    body: html`<header class="lead" role="alert">
        <span class="mark bad" aria-hidden="true">!</span>
        <h1>${problem.title}</h1>
        <p>
          ${WHAT_TO_DO[problem.code] ?? "Please go back to the app and start again. If it happens again, tell its makers."}
        </p>
      </header>
      ${retryToken === null ? over && returnLink(over, appName ?? "the app") : tryAgain(retryToken)}
      <dl class="details">
        <div>
          <dt>What happened</dt>
          <dd>${problem.detail}</dd>
        </div>
        <div>
          <dt>Code</dt>
          <dd><code>${problem.code}</code></dd>
        </div>
        ${
          problem.request_id === undefined
            ? null
            : html`<div>
                <dt>Request</dt>
                <dd><code>${problem.request_id}</code></dd>
              </div>`
        }
      </dl>`,
  });
}

function tryAgain(token: string): Html {
  return html`<p><a class="button primary" href="${pagePath(token)}">Try again</a></p>
    ${endForm(token, "Give up", "quiet")}`;
}

/** The table's own advice is for developers. */
const WHAT_TO_DO: Readonly<Partial<Record<Problem["code"], string>>> = {
  connect_session_not_found: "The link is incomplete or very old. Go back to the app and start again.",
  connect_session_closed: "This link was for one time, or its time is over. Go back to the app and start again.",
  connect_state_invalid: "This page belongs to an attempt that is over. Go back to the app and start again.",
  connect_browser_mismatch:
    "Please stay in one browser, with cookies allowed for this page, and start again from the app. If somebody sent you this link, do not use it.",
  connect_issuer_mismatch:
    "The answer did not come from where you were sent. Nothing was connected. Try again; if it happens again, tell the app's makers.",
  connect_code_rejected: "The sign-in took too long or was used twice. Nothing was connected. Please try again.",
  connect_account_mismatch:
    "You signed in with another account than the one that was asked for. Try again with that one.",
  connect_provider_error: "The other side had a problem. Nothing was connected. Please try again in a moment.",
  provider_not_configured: "The app is not set up for this. Tell its makers.",
  audit_unavailable: "The vault cannot write its log just now, so it does nothing. Please try again in a moment.",
  storage_unavailable: "The vault's storage does not answer. Please try again in a moment.",
  shutting_down: "The vault is being restarted. Please try again in a moment.",
};
