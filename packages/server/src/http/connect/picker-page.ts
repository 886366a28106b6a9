import type { ConnectChoice } from "../../connect/connect-choices.ts";
import type { Looked } from "../../connect/look-at-session.ts";
import { html, type Html } from "./html.ts";
import { notice } from "./notice.ts";
import { pageFrame, tile, type PageFrame } from "./page-frame.ts";
import { endForm, pagePath } from "./session-forms.ts";

/** Which account to connect, where there are several kinds. What is connected already says so. */
export function pickerPage({ session, app, choices }: Looked, token: string, assets: PageFrame["assets"]): string {
  const connected = session.grants.length;
  return pageFrame({
    title: `Connect accounts to ${app.name}`,
    assets,
    body: html` <header class="lead">
        ${tile(app.name)}
        <h1>Connect accounts to ${app.name}</h1>
        <p>
          ${session.options.agent === null ? "Choose" : html`For its agent <strong>${session.options.agent}</strong>, choose`}
          what you want to use with ${app.name}.
        </p>
      </header>
      ${notice(session, choices)}
      <ul class="choices">
        ${choices.map((choice) => html`<li>${entry(choice, token)}</li>`)}
      </ul>
      ${endForm(token, connected > 0 ? "Done" : "Cancel", connected > 0 ? "primary" : "quiet")}`,
  });
}

function entry({ providerId, name, description, connected }: ConnectChoice, token: string): Html {
  const accounts = connected.map(({ account_identifier: account }) => account).join(", ");
  return html`<a class="choice" href="${pagePath(token, providerId)}"
    >${tile(name)}
    <span class="about"
      ><span class="name">${name}</span>
      <span class="small">${connected.length > 0 ? accounts : description}</span></span
    >
    ${connected.length > 0 ? html`<span class="chip ok">Connected</span>` : html`<span class="go" aria-hidden="true">›</span>`}</a
  >`;
}
