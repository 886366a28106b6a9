import { startConnectWorld, SECOND_PROVIDER } from "./harness/connect-world.ts";
const w = await startConnectWorld();
const out = "/tmp/shots";
(await import("node:fs")).mkdirSync(out, { recursive: true });
await w.vault.operator.call("putProviderConfig", {
  id: "shopify",
  body: {
    client_id: "fake",
    client_secret: "fake-secret",
    default_scopes: ["read_products", "write_orders", "read_customers"],
  },
});
await w.vault.operator.call("putProviderConfig", {
  id: "google",
  body: {
    client_id: "fake",
    client_secret: "fake-secret",
    default_scopes: [
      "https://www.googleapis.com/auth/gmail.readonly",
      "https://www.googleapis.com/auth/calendar",
      "custom.unknown.scope",
    ],
  },
});
await w.vault.operator.call("putConnectSettings", {
  body: { display_name: "Acme Notes", website_url: "https://acme.example" },
});
for (const scheme of ["light", "dark"] as const)
  for (const width of [360, 900]) {
    const c = await w.browser.newContext({
      colorScheme: scheme,
      viewport: { width, height: 820 },
      deviceScaleFactor: 1,
    });
    const p = await c.newPage();
    const shot = async (n: string) => {
      await p.screenshot({ path: `${out}/${n}-${scheme}-${width}.png`, fullPage: true });
    };
    const s = await w.session({
      allowed_providers: ["google", "shopify", "oidc", SECOND_PROVIDER],
      agent: "scheduling-bot",
      grant_policy: { default_ttl_seconds: 30 * 86400 },
    });
    await p.goto(s.connect_url);
    await shot("picker");
    await p.goto(s.connect_url + "&provider=google");
    await shot("consent-google");
    await p.goto(s.connect_url + "&provider=shopify");
    await p.fill("input[type=text]", "bad/shop");
    await p.getByRole("button", { name: /Continue/ }).click();
    await shot("consent-shopify-bad");
    w.oidc.user = "deny";
    await p.goto(s.connect_url + "&provider=oidc");
    await p.getByRole("button", { name: /Continue/ }).click();
    await p.waitForURL(/connect\?session/);
    await shot("picker-denied");
    w.oidc.user = "approve";
    await p.goto(s.connect_url + "&provider=oidc");
    await p.getByRole("button", { name: /Continue/ }).click();
    await p.waitForURL(/connect\?session/);
    await shot("picker-connected");
    await p.getByRole("button", { name: "Done" }).click();
    await shot("result");
    const d = await w.session({});
    await p.goto(d.connect_url);
    await p.getByRole("button", { name: "Cancel" }).click();
    await shot("result-declined");
    await p.goto(w.vault.url + "/connect?session=sess_nope");
    await shot("error");
    await p.goto(w.vault.url + "/sdk/oauth/connect#x").catch(() => {});
    await c.close();
  }
await w.stop();
