import { parseArgs } from "node:util";

export interface SoakOptions {
  readonly seconds: number;
  readonly replicas: number;
  readonly clients: number;
  readonly json: boolean;
}

export const HELP = `npm run soak -- [options]     replicas of the vault on one PostgreSQL, under load, while things go wrong

Replicas are killed (SIGKILL) and started again all the time, PostgreSQL is restarted once, and all keys are rotated.
Callers try again where an error says that the same call may succeed later, as an application does. At the end, what
they were told is held against what the providers saw and what is stored.

  --seconds N      how long (default: 60)
  --replicas N     how many (default: 4)
  --clients N      callers at once (default: 24)
  --json           ends with one line of JSON on stdout
  --help           this text
`;

/** Null asks for the help. Throws a TypeError that says what cannot be understood. */
export function readOptions(args: readonly string[]): SoakOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "60" },
      replicas: { type: "string", default: "4" },
      clients: { type: "string", default: "24" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return {
    seconds: positive("--seconds", values.seconds),
    replicas: positive("--replicas", values.replicas),
    clients: positive("--clients", values.clients),
    json: values.json,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} takes a whole number from 1 on, not ${text}`);
  return value;
}
