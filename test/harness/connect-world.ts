import { readFileSync } from "node:fs";
import type { ConnectSession, ConnectSessionCreate } from "@alter-vault/protocol";
import type { Browser, BrowserContext, Page } from "playwright-core";
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
  session(asked?: ConnectSessionCreate): Promise<ConnectSession>;
  /** A browser profile of its own; closed with the world. */
  profile(options?: Parameters<Browser["newContext"]>[0]): Promise<BrowserContext>;
  /** The app's page, with the button not clicked yet. */
  appPage(context: BrowserContext, browserPackage: "published" | "ours", token: string): Promise<Page>;
  stop(): Promise<void>;
}

/** A second entry for the same server, so that there is something to choose. */
export const SECOND_PROVIDER = "acme-workspace";

export async function startConnectWorld(): Promise<ConnectWorld> {
  const [vault, app, browser] = await Promise.all([startTestVault(), startAppSite(), launchChromium()]);
  const oidc = await startOidcServer([`${vault.url}/oauth/callback`]);
  const { operator } = vault;
  const definition = readFileSync(new URL("../../packages/providers/data/oidc.yaml", import.meta.url), "utf8")
    .replace("id: oidc", `id: ${SECOND_PROVIDER}`)
    .replace("name: OpenID Connect (any issuer)", "name: Acme Workspace")
    .replace("description: Any issuer with OpenID Connect discovery", "description: Documents and calendars of Acme");
  await operator.call("addProvider", { body: { definition } });
  for (const id of ["oidc", SECOND_PROVIDER]) {
    await operator.call("putProviderConfig", {
      id,
      body: {
        client_id: oidc.clientId,
        client_secret: oidc.clientSecret,
        variables: { issuer: oidc.issuer, api_host: new URL(vault.url).host },
        default_scopes: ["email"],
      },
    });
  }
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
