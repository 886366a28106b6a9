import { html } from "./html.ts";
import { pageFrame, type PageFrame } from "./page-frame.ts";

/** Where the published browser package begins: the token is in the URL's fragment, which only a script can read. */
export function fragmentPage(assets: PageFrame["assets"]): string {
  return pageFrame({
    title: "Connect",
    assets,
    data: html`data-fragment="session"`,
    body: html`<header class="lead">
        <span class="spinner" aria-hidden="true"></span>
        <h1>One moment</h1>
      </header>
      <noscript
        ><p class="notice bad">
          This way of connecting needs JavaScript. Please switch it on, or ask the app for a link.
        </p></noscript
      >`,
  });
}
