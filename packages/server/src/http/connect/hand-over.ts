import { resultMessage, returnLocation } from "../../connect/result-message.ts";
import type { Session } from "../../connect/session.ts";
import { html, type Html } from "./html.ts";

/** What the script needs to tell the app: the message and the one origin it is for, or the address to go back to. */
export function handOver(session: Session): Html {
  const message = resultMessage(session);
  const { allowedOrigin } = session.options;
  return html`data-message="${message && allowedOrigin !== null ? JSON.stringify(message) : ""}"
  data-origin="${allowedOrigin}" data-return="${returnLocation(session)}"`;
}

/** Without script the browser goes back by itself as well. */
export function returnHead(session: Session): Html {
  const location = returnLocation(session);
  return location === null
    ? html``
    : html`<noscript><meta http-equiv="refresh" content="0; url=${location}" /></noscript>`;
}

export function returnLink(session: Session, appName: string): Html {
  const location = returnLocation(session);
  return location === null
    ? html`<p class="center small">You can close this window and go back to ${appName}.</p>`
    : html`<p><a class="button primary" href="${location}" rel="noreferrer">Back to ${appName}</a></p>`;
}
