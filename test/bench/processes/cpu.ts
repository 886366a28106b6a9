import { readFileSync } from "node:fs";

/** Linux counts in ticks of a hundredth of a second, whatever the kernel was built with. */
const MICROS_PER_TICK = 10_000;

/** CPU time of a process so far, in microseconds. Null where there is no /proc, or no such process. */
export function cpuOfProcess(pid: number): number | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the program's name in brackets, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** What all programs together have used, without interrupts, in microseconds. Null where there is no /proc. */
export function cpuOfMachine(): number | null {
  const text = readOrNull("/proc/stat");
  if (text === null) return null;
  const [, user = 0, nice = 0, system = 0] = text.slice(0, text.indexOf("\n")).split(/\s+/).map(Number);
  return (user + nice + system) * MICROS_PER_TICK;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
