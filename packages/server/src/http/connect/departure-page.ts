import { html } from "./html.ts";
import { pageFrame, type PageFrame } from "./page-frame.ts";

/**
 * On the way to the provider. A page instead of a redirect: browsers hold every redirect behind a form against
 * `form-action`, and which hosts a provider passes a user through nobody can list.
 */
export function departurePage(url: string, providerName: string, assets: PageFrame["assets"]): string {
  return pageFrame({
    title: `Going to ${providerName}`,
    assets,
    head: html`<meta http-equiv="refresh" content="0; url=${url}" />`,
    body: html`<header class="lead">
      <span class="spinner" aria-hidden="true"></span>
      <h1>Taking you to ${providerName}</h1>
      <p>If nothing happens, <a href="${url}" rel="noreferrer">continue to ${providerName}</a>.</p>
    </header>`,
  });
}
