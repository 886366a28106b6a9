import { startExampleVault } from "@alter-vault/example-support";
import { AlterVault } from "@alter-vault/sdk";
import { CALENDAR_ENTRY, startCalendar, type Calendar } from "./calendar.ts";
import { createChat } from "./chat.ts";
import { scriptedModel } from "./model.ts";
import { startSite } from "./site.ts";

/** Everything that takes part, running on this machine. */
export interface World {
  readonly url: string;
  readonly calendar: Calendar;
  stop(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const [exampleVault, calendar] = await Promise.all([startExampleVault(), startCalendar()]);
  const { origin, clientId, clientSecret } = calendar;
  await exampleVault.addProvider(CALENDAR_ENTRY, "calendar", {
    client_id: clientId,
    client_secret: clientSecret,
    variables: { server: origin, api_host: new URL(origin).host },
  });
  const vault = new AlterVault({
    apiKey: await exampleVault.createKey("assistant", ["proxy:execute", "grants:read", "connect:initiate"]),
    baseUrl: exampleVault.url,
    caller: "assistant",
  });
  const site = await startSite(createChat(vault, scriptedModel(), origin));
  return {
    url: site.url,
    calendar,
    async stop() {
      await site.close();
      await vault.close();
      await Promise.all([exampleVault.stop(), calendar.close()]);
    },
  };
}
