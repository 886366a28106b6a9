import { createInterface } from "node:readline";
import { exchange } from "../../packages/server/src/egress/exchange.ts";
import { openOAuthParts } from "./oauth-parts.ts";
import type { RefresherGrant, RefresherOrder, RefresherReport } from "./refresher-child.ts";

/*
 * A process that refreshes, on a real data directory. `together`: many callers at once, when it is told to go. `forever`:
 * all grants at once, each one refresh after the other, and each access token used at the provider, until it is killed.
 */
const order = JSON.parse(process.argv[2] ?? "{}") as RefresherOrder;
const { appId, grants } = order;
const parts = await openOAuthParts(order);
const { store, egress, oauth } = parts;
const tell = (report: RefresherReport): boolean => process.stdout.write(`${JSON.stringify(report)}\n`);

switch (order.task) {
  case "together":
    await refreshTogether(order.callers);
    break;
  case "forever":
    // As a vault does when it starts on an embedded store: whoever held a lease is gone.
    await store.breakOAuthLeases();
    await Promise.all(grants.map((grant) => refreshForever(grant)));
}

async function refreshTogether(callers: number): Promise<void> {
  const credentials = await Promise.all(grants.map(({ grantId }) => store.findOAuthCredential(appId, grantId)));
  tell({ ready: true });
  for await (const _line of createInterface(process.stdin)) break;
  const calls = credentials.filter((one) => one !== null).flatMap((one) => Array.from({ length: callers }, () => one));
  const fresh = await Promise.all(calls.map((credential) => oauth.refresher.fresh(credential)));
  tell({ outcomes: [...new Set(fresh.map((one) => (one.ok ? one.tokens.access_token : one.code)))] });
  await parts.close();
}

async function refreshForever({ grantId, apiUrl }: RefresherGrant): Promise<void> {
  for (;;) {
    const fresh = await oauth.refreshNow(appId, grantId);
    if (!fresh?.ok) return void tell({ failed: fresh ? `${fresh.code}: ${fresh.detail}` : "there is no such grant" });
    const used = await exchange(egress, {
      method: "GET",
      url: new URL(apiUrl),
      headers: { authorization: `Bearer ${fresh.tokens.access_token}` },
      body: null,
      signal: AbortSignal.timeout(10_000),
    });
    if (!used.ok || used.status !== 200) return void tell({ failed: `the token was refused: ${JSON.stringify(used)}` });
    tell({ refreshed: grantId });
  }
}
