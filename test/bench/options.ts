import { parseArgs } from "node:util";

export interface Options {
  readonly part: "compare" | "growth" | "policy" | "identity" | "workers";
  readonly quick: boolean;
  readonly json: boolean;
  /** Measure the vault on PostgreSQL as well. */
  readonly postgres: boolean;
  /** Null: as many as the part finds right. */
  readonly rounds: number | null;
  readonly windowMs: number | null;
  readonly dir: string | null;
  /** Where the vaults leave their CPU profiles; null makes none. */
  readonly profileDir: string | null;
  readonly growthRows: number;
  readonly growthGrants: number;
}

export const HELP = `npm run bench -- [options]            the vault beside what does less
npm run bench -- growth [options]     the vault when it holds much
npm run bench -- policy [options]     one decision by a policy
npm run bench -- identity [options]   grants by provider and user beside grants by id
npm run bench -- workers [options]    workers on all cores beside one process, on PostgreSQL

The first part runs, one after the other and round by round, a direct call to an upstream, a bare Node proxy that adds
one header, nginx doing the same (where it is installed), and the vault in proxy and in retrieve mode. Each has a core
of its own; upstream and load generator share another. Only ratios of the same round mean anything: compare those.

The second part measures the median call at one connection with 1,000 and with a million grants, and with an empty and
with a long audit log. It needs some minutes and some gigabytes of disk, which it gives back.

The third part measures the median decision with 1, 100 and 1,000 rules, and with one in Cedar, in this process.

The fourth part measures the median call of an app and of an agent for one of 10,000 users with five grants each, found by
provider and named by id in turns.

The fifth part measures calls per second at 64 connections with one process and with a worker per core. The load comes from
this machine, too, so it says how much of it was left for the workers.

  --quick          under 40 seconds: two short rounds at 1 and 64 connections
  --postgres       the vault on PostgreSQL, too, beside the embedded storage
  --json           ends with one line of JSON on stdout
  --rounds N       default 5 (quick: 2, growth: 12)
  --seconds N      length of one window, default 3 (quick: 0.7, growth: 2)
  --dir DIR        where data directories are made, default /var/tmp or the system's temporary directory
  --cpu-prof DIR   the vaults write CPU profiles there
  --rows N         growth: rows of the audit log, default 5000000
  --grants N       growth: number of grants, default 1000000
  --help           this text
`;

/** Null asks for the help. Throws a TypeError that says what cannot be understood. */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      postgres: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      dir: { type: "string" },
      "cpu-prof": { type: "string" },
      rows: { type: "string", default: "5000000" },
      grants: { type: "string", default: "1000000" },
    },
  });
  if (values.help) return null;
  const [part = "compare", ...more] = positionals;
  if (!isPart(part) || more.length > 0) {
    const parts = "compare (the default), growth, policy, identity and workers";
    throw new TypeError(`there is no part "${positionals.join(" ")}"; there are ${parts}`);
  }
  const seconds = values.seconds === undefined ? null : positive("--seconds", values.seconds);
  return {
    part,
    quick: values.quick,
    json: values.json,
    postgres: values.postgres,
    rounds: values.rounds === undefined ? null : whole("--rounds", values.rounds),
    windowMs: seconds === null ? null : seconds * 1000,
    dir: values.dir ?? null,
    profileDir: values["cpu-prof"] ?? null,
    growthRows: whole("--rows", values.rows),
    growthGrants: whole("--grants", values.grants),
  };
}

function isPart(word: string): word is Options["part"] {
  return ["compare", "growth", "policy", "identity", "workers"].includes(word);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new TypeError(`${name} needs a number above zero`);
  return value;
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} needs a whole number`);
  return value;
}
