import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** The first address on this machine that a program prints. Rejects when it ends before it has printed one. */
export async function printedAddress(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("it prints nothing");
  for await (const line of createInterface({ input: child.stdout })) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error("the program ended before it was up");
}
