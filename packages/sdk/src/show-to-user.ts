import { AlterValueError } from "./errors.ts";
import type { Platform } from "./platform.ts";

export function checkCallback(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new AlterValueError(`Option "${name}" must be a function.`);
}

/** Prints what the user must see. Where nothing can be printed, throws AlterValueError that names the callback to pass. */
export function printOrThrow(platform: Platform, text: string, callback: string): void {
  if (platform.print(text)) return;
  throw new AlterValueError(`There is no standard error to print to here. Pass "${callback}" and show it yourself.`);
}
