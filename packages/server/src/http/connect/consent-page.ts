import type { AskedScope, ConnectChoice, Question } from "../../connect/connect-choices.ts";
import type { Looked } from "../../connect/look-at-session.ts";
import { durationInWords } from "./duration-in-words.ts";
import { html, type Html } from "./html.ts";
import { notice } from "./notice.ts";
import { pageFrame, pair, type PageFrame } from "./page-frame.ts";
import { endForm, pagePath } from "./session-forms.ts";

/** What came back from a form that was not right. */
export interface Filled {
  readonly values: Readonly<Record<string, string>>;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

/** Who asks for what, before anything happens. Always shown: a link alone connects nothing. */
export function consentPage(
  looked: Looked,
  choice: ConnectChoice,
  token: string,
  assets: PageFrame["assets"],
  filled: Filled = { values: {}, issues: [] },
): string {
  const { session, app, choices } = looked;
  const several = choices.length > 1;
  const again = session.options.wishes.grantId !== undefined;
  const heading = again ? `Connect ${choice.name} to ${app.name} again` : `Connect ${choice.name} to ${app.name}`;
  return pageFrame({
    title: `${filled.issues.length > 0 ? "Please check: " : ""}${heading}`,
    assets,
    body: html` <header class="lead">
        ${pair(app.name, choice.name)}
        <h1>${heading}</h1>
        <p>
          ${who(looked)} wants to use your ${choice.name}
          account${again && session.options.loginHint !== null ? html` <strong>${session.options.loginHint}</strong>` : ""}.
        </p>
      </header>
      ${notice(session, choices)}
      <section aria-labelledby="may">
        <h2 id="may">It will be able to</h2>
        ${
          choice.scopes.length > 0
            ? html`<ul class="scopes">
                ${choice.scopes.map(scopeLine)}
              </ul>`
            : html`<p class="small">use what you allow on the next page, at ${choice.name}.</p>`
        }
      </section>
      <ul class="facts">
        <li>You sign in at ${choice.name}. ${app.name} never sees your password or your access key.</li>
        <li>Alter Vault keeps the key, and writes down every use of it.</li>
        ${ends(looked)}
      </ul>
      <form method="post" action="/connect/start" class="go-on">
        <input type="hidden" name="session" value="${token}" />
        <input type="hidden" name="provider" value="${choice.providerId}" />
        ${choice.questions.map((question) => field(question, filled))}
        <button class="primary">Continue to ${choice.name}</button>
      </form>
      ${several ? html`<p class="back"><a href="${pagePath(token)}">Choose another</a></p>` : endForm(token, "Cancel", "quiet")}`,
  });
}

function who({ app, session }: Looked): Html {
  const name = html`<strong>${app.name}</strong>`;
  const site =
    app.websiteUrl === null
      ? name
      : html`<a href="${app.websiteUrl}" rel="noreferrer noopener" target="_blank">${name}</a>`;
  const { agent } = session.options;
  return agent === null ? site : html`The agent <strong>${agent}</strong> of ${site}`;
}

const ACCESS = { read: "Read", write: "Write", admin: "Full access" } as const;

function scopeLine({ id, description, access, sensitive }: AskedScope): Html {
  const words = description === id ? html`<code>${id}</code>` : html`<span>${description}</span>`;
  const mark = sensitive ? html` <span class="chip sensitive">Sensitive</span>` : null;
  return html`<li>
    ${words}<span class="chips"><span class="chip ${access}">${ACCESS[access]}</span>${mark}</span>
  </li>`;
}

function ends({ session }: Looked): Html | null {
  const { policy } = session.options.wishes;
  const seconds = policy?.default_ttl_seconds ?? policy?.max_ttl_seconds;
  const until = policy?.expires_at?.slice(0, 10);
  if (seconds !== undefined) return html`<li>Access ends by itself after ${durationInWords(seconds)}.</li>`;
  return until === undefined ? null : html`<li>Access ends by itself on ${until}.</li>`;
}

function field({ name, variable }: Question, { values, issues }: Filled): Html {
  const id = `answer-${name}`;
  const issue = issues.find(({ path }) => path === name);
  const value = values[name] ?? variable.default ?? "";
  const described = [variable.description && `${id}-help`, issue && `${id}-issue`].filter(Boolean).join(" ");
  const common = html`id="${id}" name="answer.${name}"
  aria-describedby="${described}"${issue ? html` aria-invalid="true"` : ""}${variable.default === undefined ? html` required` : ""}`;
  const input = variable.values
    ? html`<select ${common}>
        ${variable.values.map((option) => html`<option${option === value ? html` selected` : ""}>${option}</option>`)}
      </select>`
    : html`<input
        type="text"
        ${common}
        value="${value}"
        placeholder="${variable.example}"
        maxlength="200"
        autocapitalize="none"
        autocomplete="off"
        spellcheck="false"
      />`;
  return html`<div class="field">
    <label for="${id}">${variable.label}</label>
    ${variable.description === undefined ? null : html`<p class="small" id="${id}-help">${variable.description}</p>`}
    ${input} ${issue ? html`<p class="issue" id="${id}-issue">${issue.message}</p>` : null}
  </div>`;
}
