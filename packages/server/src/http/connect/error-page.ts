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
  const { title, whatToDo } = FOR_PEOPLE[problem.code] ?? {};
  const heading = title ?? problem.title;
  return pageFrame({
    title: heading,
    assets,
    ...(over ? { head: returnHead(over), data: handOver(over) } : {}),
    body: html`<div class="lead" role="alert">
        <span class="mark bad" aria-hidden="true">!</span>
        <h1>${heading}</h1>
        <p>${whatToDo ?? "Please go back to the app and start again. If it happens again, tell its makers."}</p>
      </div>
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

/** The table's own words are for developers. */
const FOR_PEOPLE: Readonly<Partial<Record<Problem["code"], { readonly title?: string; readonly whatToDo: string }>>> = {
  connect_session_not_found: {
    title: "This link does not work",
    whatToDo: "It is incomplete or very old. Go back to the app and start again.",
  },
  connect_session_closed: {
    title: "This link is over",
    whatToDo: "It was for one time, or its time has run out. Go back to the app and start again.",
  },
  connect_state_invalid: {
    title: "This attempt is over",
    whatToDo: "It was used already, or took too long. Go back to the app and start again.",
  },
  connect_browser_mismatch: {
    title: "This began in another browser",
    whatToDo:
      "Stay in one browser, with cookies allowed for this page, and start again from the app. If somebody sent you this link, do not use it.",
  },
  connect_issuer_mismatch: {
    title: "The answer came from somebody else",
    whatToDo: "Nothing was connected. Try again; if it happens again, tell the app's makers.",
  },
  connect_code_rejected: {
    title: "The sign-in was not accepted",
    whatToDo: "It took too long or was used twice. Nothing was connected. Please try again.",
  },
  connect_account_mismatch: {
    title: "That was another account",
    whatToDo: "Sign in with the account that was asked for, and try again.",
  },
  connect_provider_error: { whatToDo: "Nothing was connected. Please try again in a moment." },
  provider_not_configured: {
    title: "The app is not set up for this",
    whatToDo: "Nothing was connected. Please tell the app's makers.",
  },
  origin_not_allowed: {
    title: "This came from another page",
    whatToDo: "Go back to the app and start again. If another page sent you here, do not use it.",
  },
  audit_unavailable: { whatToDo: "Please try again in a moment." },
  storage_unavailable: { whatToDo: "Please try again in a moment." },
};
