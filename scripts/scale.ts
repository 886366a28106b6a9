import { parseArgs } from "node:util";

/**
 * `npm run scale`: what so many calls and accounts ask of replicas and of PostgreSQL, by the formulas of docs/scale.md.
 * What a machine can do goes in, and comes from `npm run bench -- --postgres` and `npm run soak` on it.
 */
const HELP = `npm run scale -- [options]     what a load needs, by docs/scale.md

  --calls N           calls per second at the busiest time (default: 500)
  --accounts N        connected accounts whose tokens are kept fresh (default: 10000)
  --token-minutes N   lifetime of their access tokens (default: 60)
  --busy N            grants in use within a second, at most one per call (default: 200)
  --remembered N      share of calls of tools that are remembered, or have a counted limit (default: 0.1)
  --cpu-us N          CPU of a call in the vault: "CPU us/req" of the bench at 64 connections (default: 100)
  --row-bytes N       "log_bytes_per_row" of the soak (default: 1400)
  --days N            how long the log is kept (default: 90)
  --json              one line of JSON on stdout
`;

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "500" },
    accounts: { type: "string", default: "10000" },
    "token-minutes": { type: "string", default: "60" },
    busy: { type: "string", default: "200" },
    remembered: { type: "string", default: "0.1" },
    "cpu-us": { type: "string", default: "100" },
    "row-bytes": { type: "string", default: "1400" },
    days: { type: "string", default: "90" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else report();

function number(
  name: "calls" | "accounts" | "token-minutes" | "busy" | "remembered" | "cpu-us" | "row-bytes" | "days",
) {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) throw new TypeError(`--${name} takes a number, not ${values[name]}`);
  return value;
}

function report(): void {
  const calls = number("calls");
  /** A core that is busy for more than this answers slowly. */
  const most = 0.7;
  const processes = Math.max(2, Math.ceil((calls * number("cpu-us")) / 1e6 / most) + 1);
  const rows = 2 * calls;
  const needs = {
    processes,
    commits_per_second_at_most: Math.round(calls + calls * number("remembered") * 2),
    rows_per_second: rows,
    looks_per_second: Math.round((Math.min(number("busy"), calls) * 2) / 0.8),
    refresh_statements_per_second: round((number("accounts") / (number("token-minutes") * 60)) * 3),
    heartbeats_per_second: round(processes / 2),
    connections: processes * 11,
    log_gb_per_day: round((rows * 86_400 * number("row-bytes")) / 1e9),
    log_gb: Math.round((rows * 86_400 * number("row-bytes") * number("days")) / 1e9),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(needs)}\n`);
  else for (const [name, value] of Object.entries(needs)) process.stdout.write(`${name.padEnd(32)} ${value}\n`);
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
