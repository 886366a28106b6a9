import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { FakeProvider } from "./fake-provider/fake-provider.ts";
import { pathOf } from "./fake-provider/endpoints.ts";

type Fake = Pick<FakeProvider, "port">;

interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Plays the user and the browser: goes to a provider's consent page, decides as the fake provider's `behaviour` says, and
 * is sent back. Answers with the address the browser ends at. Throws when the provider shows an error page instead.
 */
export async function consentAt(fake: Fake, authorizeUrl: string): Promise<URL> {
  const url = new URL(authorizeUrl);
  // What is behind a # stays in the browser, where the page's own script reads it.
  const hidden = url.hash.includes("?") ? url.hash.slice(url.hash.indexOf("?")) : "";
  const path = `${pathOf(url)}${hidden || url.search}`;
  const { status, headers, body } = await visit(fake.port, "GET", path, { host: url.host });
  if (headers.location === undefined) throw new Error(`${url.host} shows an error page (${status}):\n${body}`);
  return new URL(headers.location);
}

export interface ConnectVisit {
  readonly fake: Fake;
  readonly connectUrl: string;
  readonly provider: string;
  /** For the questions of the consent page. */
  readonly answers: Readonly<Record<string, string>>;
}

/**
 * From an app's link through Connect's pages to the provider and back, as a browser without script goes. Answers with the
 * last page. Throws at a page that is not the next one on that way.
 */
export async function connectByLink({ fake, connectUrl, provider, answers }: ConnectVisit): Promise<string> {
  const start = new URL(connectUrl);
  const port = Number(start.port);
  const consent = await visit(port, "GET", start.pathname + start.search, { host: start.host });
  const form = startForm(consent, provider, answers);
  const departure = await visit(
    port,
    "POST",
    "/connect/start",
    {
      host: start.host,
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
    },
    form.toString(),
  );
  const cookies = departure.headers["set-cookie"]?.map((cookie) => cookie.split(";")[0] ?? "") ?? [];
  const callback = await consentAt(fake, refreshTarget(departure));
  const back = { host: callback.host, cookie: cookies.join("; ") };
  const arrived = await visit(port, "GET", callback.pathname + callback.search, back);
  if (arrived.headers.location === undefined) throw unexpected("the callback", arrived);
  const result = await visit(port, "GET", arrived.headers.location, back);
  return result.body;
}

function startForm(page: Page, provider: string, answers: Readonly<Record<string, string>>): URLSearchParams {
  const [, inside] = /<form[^>]*action="\/connect\/start"[^>]*>([^]*?)<\/form>/.exec(page.body) ?? [];
  if (inside === undefined) throw unexpected("the consent page", page);
  const form = new URLSearchParams();
  for (const [tag] of inside.matchAll(/<(?:input|select)[^>]*>/g)) {
    const name = attribute(tag, "name");
    if (name === null) continue;
    const asked = name.startsWith("answer.") ? answers[name.slice("answer.".length)] : undefined;
    form.set(name, asked ?? attribute(tag, "value") ?? "");
  }
  if (form.get("provider") !== provider) throw unexpected(`the consent page of ${provider}`, page);
  return form;
}

function refreshTarget(page: Page): string {
  const content = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(page.body)?.[1];
  if (content === undefined) throw unexpected("the way to the provider", page);
  return unescape(content);
}

function attribute(tag: string, name: string): string | null {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? null : unescape(value);
}

function unescape(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(?:lt|gt|quot);/g, (entity) => ({ "&lt;": "<", "&gt;": ">", "&quot;": '"' })[entity] ?? entity)
    .replaceAll("&amp;", "&");
}

function unexpected(wanted: string, { status, body }: Page): Error {
  const text = body.replace(/<style[^]*?<\/style>|<[^>]*>/g, " ").replace(/\s+/g, " ");
  return new Error(`not ${wanted} but (${status}): ${text.slice(0, 1000)}`);
}

function visit(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = "",
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, agent: false };
    const sending = httpRequest({ ...options, headers: { "user-agent": "scripted-user", ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body: Buffer.concat(chunks).toString() });
      });
    });
    sending.on("error", reject);
    sending.end(body);
  });
}
