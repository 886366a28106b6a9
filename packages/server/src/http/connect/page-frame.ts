import { html, type Html } from "./html.ts";

/** What all pages of Connect share. No inline script and no inline style: the policy of these pages forbids both. */
export interface PageFrame {
  readonly title: string;
  readonly assets: { readonly css: string; readonly script: string };
  /** Into `<head>`. */
  readonly head?: Html;
  /** What the script should do, as `data-*` of `<main>`. */
  readonly data?: Html;
  readonly body: Html;
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%233b4fd8'/%3E%3Cpath d='M5 7V5.5a3 3 0 0 1 6 0V7h.5v5h-7V7zm1.5 0h3V5.5a1.5 1.5 0 0 0-3 0z' fill='%23fff'/%3E%3C/svg%3E";

export function pageFrame({ title, assets, head, data, body }: PageFrame): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${ICON}" />
        <link rel="stylesheet" href="${assets.css}" />
        <script src="${assets.script}" defer></script>
        ${head}
      </head>
      <body>
        <main ${data}>${body}</main>
        <footer>
          <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
            <path fill="currentColor" d="M4 7V5a4 4 0 0 1 8 0v2h1v8H3V7zm2 0h4V5a2 2 0 0 0-4 0z" />
          </svg>
          Kept safe by Alter Vault
        </footer>
      </body>
    </html> `;
  return page.toString();
}

/** A letter on a colour, always the same for the same name. Nobody's logo has to be fetched. */
export function tile(name: string): Html {
  const [letter = "?"] = name.trim();
  let sum = 0;
  for (const character of name) sum = (sum * 33 + (character.codePointAt(0) ?? 0)) % 9973;
  return html`<span class="tile tone-${sum % 6}" aria-hidden="true">${letter.toUpperCase()}</span>`;
}

/** The two who are being connected. */
export function pair(app: string, provider: string): Html {
  return html`<div class="pair">${tile(app)}<span class="link" aria-hidden="true"></span>${tile(provider)}</div>`;
}
