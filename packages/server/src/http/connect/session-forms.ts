import { html, type Html } from "./html.ts";

/** The session's token in the form is the right to act; see `same-origin.ts` for what is checked besides. */
export function endForm(token: string, label: string, look: "primary" | "quiet"): Html {
  return html`<form method="post" action="/connect/finish">
    <input type="hidden" name="session" value="${token}" />
    <button class="${look}">${label}</button>
  </form>`;
}

/** The session's page, or that of one provider in it. */
export function pagePath(token: string, providerId?: string): string {
  const provider = providerId === undefined ? "" : `&provider=${encodeURIComponent(providerId)}`;
  return `/connect?session=${encodeURIComponent(token)}${provider}`;
}
