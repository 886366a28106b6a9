import { readFileSync } from "node:fs";
import type { ConnectSession, ConnectSessionCreate, ConnectSessionState } from "@alter-vault/protocol";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { readEntryBody, type EntryBody } from "../../packages/server/src/audit/entry.ts";
import { startAppSite, type AppSite } from "./app-site.ts";
import { launchChromium } from "./chromium.ts";
import { startOidcServer, type OidcServer } from "./oidc-server.ts";
import { startTestVault, type TestVault } from "./vault.ts";

/** All that takes part in connecting, running: vault, authorization server, the app's web site, a browser. */
export interface ConnectWorld {
  readonly vault: TestVault;
  readonly oidc: OidcServer;
  readonly app: AppSite;
  readonly browser: Browser;
  /** Default: for the provider `oidc` and the app's own site. */
  session(asked?: ConnectSessionCreate): Promise<ConnectSession>;
  state(session: ConnectSession): Promise<ConnectSessionState>;
  /** The entry of this id, whosever it is, as it stands in the log. */
  entry(requestId: string): Promise<EntryBody | null>;
  outcome(requestId: string): Promise<unknown>;
  /** The newest entries about this action. */
  entries(action: string): Promise<EntryBody[]>;
  /** What the vault's own API does not do: makes something look old. */
  sql(statement: string): Promise<void>;
  /** A browser profile of its own; closed with the world. */
  profile(options?: Parameters<Browser["newContext"]>[0]): Promise<BrowserContext>;
  /** The app's page, with the button not clicked yet. */
  appPage(context: BrowserContext, browserPackage: "published" | "ours", token: string): Promise<Page>;
  stop(): Promise<void>;
}

/** A second entry for the same server, with a public client: something to choose, and device codes. */
export const SECOND_PROVIDER = "acme-workspace";

/** `apiHost` is where the connected accounts may be used. */
export async function startConnectWorld(apiHost = "api.example.com"): Promise<ConnectWorld> {
  const [vault, app, browser] = await Promise.all([startTestVault(), startAppSite(), launchChromium()]);
  const oidc = await startOidcServer([`${vault.url}/oauth/callback`]);
  const { operator } = vault;
  const definition = readFileSync(new URL("acme-workspace.yaml", import.meta.url), "utf8");
  await operator.call("addProvider", { body: { definition } });
  const clients = [
    { id: "oidc", client: { client_id: oidc.clientId, client_secret: oidc.clientSecret } },
    { id: SECOND_PROVIDER, client: { client_id: oidc.publicClientId } },
  ];
  const variables = { issuer: oidc.issuer, api_host: apiHost };
  for (const { id, client } of clients) {
    await operator.call("putProviderConfig", { id, body: { ...client, variables, default_scopes: ["email"] } });
  }
  const rows = async (query: string, value: string): Promise<string[]> =>
    (await vault.query<{ body: string }>(query, value)).map(({ body }) => body);
  await operator.call("putConnectSettings", {
    body: { display_name: "Acme Notes", website_url: null, return_urls: [], origins: [] },
  });
  return {
    vault,
    oidc,
    app,
    browser,
    session: (asked = {}) =>
      operator.call("createConnectSession", {
        body: { allowed_providers: ["oidc"], allowed_origin: app.origin, ...asked },
      }),
    state: ({ session_token }) => operator.call("pollConnectSession", { body: { session_token } }),
    async entry(requestId) {
      const [body] = await rows("SELECT body FROM log WHERE kind = 'entry' AND entry_id = ?", requestId);
      return body === undefined ? null : readEntryBody(body);
    },
    async outcome(requestId) {
      const [body] = await rows("SELECT body FROM log WHERE kind = 'outcome' AND entry_id = ?", requestId);
      return body === undefined ? null : (JSON.parse(body) as unknown);
    },
    async entries(action) {
      const sql = "SELECT body FROM log WHERE kind = 'entry' AND body LIKE ? ORDER BY entry_id DESC";
      return (await rows(sql, `%"action":"${action}"%`)).map(readEntryBody);
    },
    async sql(statement) {
      await vault.query(statement);
    },
    async profile(options = {}) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(10_000);
      return context;
    },
    async appPage(context, browserPackage, token) {
      const page = await context.newPage();
      await page.goto(app.page(browserPackage, token, vault.url));
      await page.waitForFunction("window.ready === true");
      return page;
    },
    async stop() {
      await browser.close();
      await Promise.all([vault.stop(), oidc.close(), app.close()]);
    },
  };
}

export interface Told {
  readonly kind: string;
  readonly value: unknown;
}

/** What the browser package has told the app's page, once it has told `kind`. */
export async function toldOnce(page: Page, kind: string): Promise<Told[]> {
  await page.waitForFunction(
    (wanted) => (globalThis as unknown as { told: Told[] }).told.some((one) => one.kind === wanted),
    kind,
  );
  return page.evaluate(() => (globalThis as unknown as { told: Told[] }).told);
}
