import { AlterValueError } from "./errors.ts";
import type { Platform } from "./platform.ts";

export function checkCallback(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new AlterValueError(`Option "${name}" must be a function.`);
}

interface Link {
  readonly url: string;
  /** What it is for, as in "To connect, …". */
  readonly purpose: "connect" | "sign in";
  readonly openBrowser: boolean;
  readonly onUrl?: ((url: string) => void | Promise<void>) | undefined;
}

/** Opens a link in the browser of this machine. Where that is not wanted, or there is none, shows it to the user. */
export async function showLink(platform: Platform, { url, purpose, openBrowser, onUrl }: Link): Promise<void> {
  if (openBrowser && (await platform.openBrowser(url))) return;
  if (onUrl !== undefined) return onUrl(url);
  printOrThrow(platform, `To ${purpose}, open this link in a browser:\n\n  ${url}\n\n`, "onUrl");
}

/** Prints what the user must see. Where nothing can be printed, throws AlterValueError that names the callback to pass. */
export function printOrThrow(platform: Platform, text: string, callback: string): void {
  if (platform.print(text)) return;
  throw new AlterValueError(`There is no standard error to print to here. Pass "${callback}" and show it yourself.`);
}
