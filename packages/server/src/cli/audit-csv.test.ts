import type { AuditEntry } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { CSV_HEADER, csvRow } from "./audit-csv.ts";

const ENTRY: AuditEntry = {
  entry_id: "01890000-0000-7000-8000-000000000000",
  at: "2026-01-31T08:00:00.000Z",
  kind: "request",
  app_id: null,
  agent_id: null,
  user_id: null,
  principal_id: null,
  erased: false,
  session_id: null,
  key_id: "0123456789abcdef",
  caller: { type: "agent", identifier: "a" },
  context: { run_id: "r1" },
  reason: null,
  mode: "proxy",
  grant_id: null,
  policy_version: null,
  approval_id: null,
  shadow: null,
  delegation_id: null,
  secret_id: null,
  provider: null,
  principal_type: null,
  method: "GET",
  url: "https://api.example.com/?a=1,2",
  body_digest: null,
  action: "proxy",
  decision: "allow",
  rule: "base",
  code: null,
  message: null,
  outcome: "provider",
  status: 200,
  outcome_code: null,
  latency_ms: -1.5,
  retries: 0,
  redirects: 0,
  request_bytes: 0,
  response_bytes: 5,
  scrubbed: 0,
};

test("the columns say all that an entry says", () => {
  const names = CSV_HEADER.trim().split(",");
  for (const name of Object.keys(ENTRY)) expect(names).toContain(name);
});

test("a row has a cell for each column, quoted where it must be", () => {
  const row = csvRow(ENTRY);
  expect(row).toContain('"https://api.example.com/?a=1,2"');
  expect(row).toContain('"{""type"":""agent"",""identifier"":""a""}"');
  expect(row).toContain(",r1,");
  expect(row).toContain(",-1.5,");
  expect(row.endsWith("\r\n")).toBe(true);
});

test.each(["=1+1", "+1", "-1", "@x", "\tx"])("%j is no formula in a spreadsheet", (reason) => {
  expect(csvRow({ ...ENTRY, reason })).toContain(`'${reason}`);
});
