import type { ConnectedGrant } from "@alter-vault/protocol";
import type { Looked } from "../../connect/look-at-session.ts";
import { html, type Html } from "./html.ts";
import { pageFrame, tile, type PageFrame } from "./page-frame.ts";
import { handOver, returnHead, returnLink } from "./hand-over.ts";

/** How it ended, and the way back to the app: by message, by redirect, or by closing the window. */
export function resultPage({ session, app }: Looked, assets: PageFrame["assets"]): string {
  const connected = session.status === "completed";
  const title = connected ? `Connected to ${app.name}` : "Nothing was connected";
  return pageFrame({
    title,
    assets,
    head: returnHead(session),
    data: handOver(session),
    body: html`<div class="lead" role="status">
        <span class="mark ${connected ? "ok" : "off"}" aria-hidden="true">${connected ? "✓" : "–"}</span>
        <h1>${title}</h1>
        ${connected ? null : html`<p>${app.name} got no access.</p>`}
      </div>
      ${
        connected
          ? html`<ul class="choices">
              ${session.grants.map(grantLine)}
            </ul>`
          : null
      }
      ${returnLink(session, app.name)}`,
  });
}

function grantLine({
  provider_name: name,
  account_identifier: account,
  missing_scopes: missing,
}: ConnectedGrant): Html {
  return html`<li class="choice">
    ${tile(name)}<span class="about"
      ><span class="name">${name}</span>
      <span class="small"
        >${account}${missing.length > 0 ? html`<br />Not everything that was asked for was allowed.` : null}</span
      ></span
    >
  </li>`;
}
