import type { Cli } from "./cli.ts";
import { CliError, usageError } from "./cli-error.ts";
import { EXIT } from "./exit-code.ts";

/** Whether somebody sits at a terminal who can be asked. */
export function isInteractive({ stdin, stderr }: Cli): boolean {
  return stdin.isTTY === true && stderr.isTTY === true && stdin.setRawMode !== undefined;
}

/** Asks on stderr and reads one line from the terminal; hidden: without showing what is typed. Throws CliError on Ctrl-C. */
export async function readLine(cli: Cli, question: string, { hidden }: { readonly hidden: boolean }): Promise<string> {
  const { stdin, stderr } = cli;
  stderr.write(question);
  stdin.setEncoding("utf8");
  stdin.setRawMode?.(true);
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = "";
      const echo = (text: string): void => void (hidden || stderr.write(text));
      const onData = (chunk: string): void => {
        // Arrow keys and the like come as escape sequences and mean nothing here.
        // oxlint-disable-next-line no-control-regex
        for (const char of chunk.replace(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/g, "")) {
          if (char === "\r" || char === "\n") return finish(() => resolve(line));
          if (char === CTRL_C) return finish(() => reject(cancelled()));
          if (char === CTRL_D && line === "") return finish(() => reject(cancelled()));
          if (char === BACKSPACE || char === DELETE) {
            if (line !== "") echo("\b \b");
            line = Array.from(line).slice(0, -1).join("");
          } else if (char >= " ") {
            line += char;
            echo(char);
          }
        }
      };
      const onEnd = (): void => finish(() => reject(cancelled()));
      const finish = (settle: () => void): void => {
        stdin.off("data", onData).off("end", onEnd);
        settle();
      };
      stdin.on("data", onData).once("end", onEnd);
      stdin.resume();
    });
  } finally {
    stdin.setRawMode?.(false);
    stdin.pause();
    stderr.write("\n");
  }
}

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACE = "\b";
const DELETE = "\u007f";

/** True when the answer is yes. */
export async function confirm(cli: Cli, question: string): Promise<boolean> {
  const answer = await readLine(cli, `${question} [y/N] `, { hidden: false });
  return /^y(es)?$/i.test(answer.trim());
}

/** For what cannot be undone: asks, unless `yes`. Throws when the answer is no, and when nobody can be asked. */
export async function requireYes(cli: Cli, yes: true | undefined, question: string, why: string): Promise<void> {
  if (yes) return;
  if (!isInteractive(cli)) throw usageError(why, "Pass --yes when nobody can be asked.");
  if (!(await confirm(cli, question))) throw cancelled();
}

export function cancelled(): CliError {
  return new CliError(EXIT.error, {
    code: "cancelled",
    title: "Cancelled",
    detail: "nothing was changed",
    fix: "Run it again, with --yes to skip the question.",
  });
}
