import type { AuditEntry } from "@alter-vault/protocol";
import type { AgentReport } from "./agent.ts";
import type { DemoProvider } from "./demo-provider.ts";

/** The story of the demo, in the order it happened. */
interface Story {
  readonly write: (line: string) => void;
  readonly readyMs: number;
  readonly vault: { readonly url: string; readonly dataDir: string };
  readonly provider: DemoProvider;
  readonly grantId: string;
  readonly report: AgentReport;
  readonly entries: readonly AuditEntry[];
  readonly verification: { readonly ok: boolean; readonly rows: number };
}

export function tell({ write, readyMs, vault, provider, grantId, report, entries, verification }: Story): void {
  write(`Alter Vault is ready after ${readyMs} ms`);
  write(`  vault     ${vault.url}`);
  write(`  portal    ${vault.url}/portal`);
  write(`  API       ${vault.url}/openapi.json`);
  write(`  provider  ${provider.origin} (a calendar, for this demo)`);
  write(`  data      ${vault.dataDir}`);

  write(`\n1. Who asked`);
  write(`  the agent scheduling-bot, in run ${report.runId}, thread thread-monday`);
  write(`  it holds an API key of the vault and the grant ${grantId}, and no token of the calendar`);

  write(`\n2. What was decided`);
  for (const entry of entries.toReversed()) {
    const why = entry.message ?? `rule ${entry.rule}`;
    write(`  ${entry.decision.padEnd(5)}  ${entry.method} ${entry.url}  (${why})`);
  }

  write(`\n3. What the provider saw`);
  for (const call of provider.seen) {
    write(
      `  ${call.method} ${call.path}  token right: ${call.authorized ? "yes" : "no"}  alter-* headers: ${call.alterHeaders.length}`,
    );
  }

  write(`\n4. What the agent saw`);
  write(`  ${JSON.stringify(report.wrote)}`);
  write(`  the calendar sent the token back, and the vault took it out`);
  write(`  and for the call to evil.example: ${report.refused}`);

  write(`\n5. What was written down`);
  write(`  decision  outcome   status  ms      run       thread         tool call  entry`);
  for (const entry of entries.toReversed()) {
    const { run_id = "", thread_id = "", tool_call_id = "" } = entry.context;
    const columns = [
      entry.decision.padEnd(8),
      entry.outcome.padEnd(8),
      String(entry.status ?? "-").padEnd(6),
      String(entry.latency_ms ?? "-").padEnd(6),
      run_id.slice(0, 8),
      thread_id.padEnd(13),
      tool_call_id.padEnd(9),
      entry.entry_id,
    ];
    write(`  ${columns.join("  ")}`);
  }
  write(`  the hash chain over ${verification.rows} rows ${verification.ok ? "verifies" : "DOES NOT VERIFY"}`);
}
