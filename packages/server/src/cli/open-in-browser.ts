import { spawn } from "node:child_process";

/** Shows a page in the browser. Without a shell, so nothing in the address is read as a command; failing is no matter. */
export function openInBrowser(url: string, platform: NodeJS.Platform): void {
  if (!URL.canParse(url)) return;
  const { href, protocol } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return;
  const [program, ...before] = OPENERS[platform] ?? ["xdg-open"];
  const child = spawn(program, [...before, href], { stdio: "ignore", detached: true });
  // No browser here: the address was printed, and that is enough.
  child.once("error", () => undefined);
  child.unref();
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
