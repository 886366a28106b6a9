import { ERROR_CODES, isErrorCode } from "@alter-vault/protocol";
import type { ConnectChoice } from "../../connect/connect-choices.ts";
import type { Session } from "../../connect/session.ts";
import { html, type Html } from "./html.ts";

/** What went wrong the last time, on the page where it can be tried again. */
export function notice({ error }: Session, choices: readonly ConnectChoice[]): Html | null {
  if (!error) return null;
  const name = choices.find(({ providerId }) => providerId === error.providerId)?.name ?? "The account";
  if (error.code === "connect_denied") {
    return html`<p class="notice" role="status">${name} was not connected: the request was declined there.</p>`;
  }
  const title = isErrorCode(error.code) ? ERROR_CODES[error.code].title : "Something went wrong";
  return html`<p class="notice bad" role="alert">${name} was not connected. ${title}. <code>${error.code}</code></p>`;
}
