import { nodeModules } from "./node-modules.ts";

/** What opens a URL, by the name of the operating system. */
const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ["open"],
  // Not `start`, which is part of a shell: in a shell, `&` in a URL would begin another command.
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
const ELSEWHERE = ["xdg-open"] as const;
const PATIENCE_MS = 1000;

/**
 * Opens a web page in the browser of whoever sits at this machine. False when that is not possible: no Node, no such
 * program, or it says that it failed within `patienceMs`. Some openers run as long as the browser does, so one that is
 * still running has done its work. Never rejects, and opens nothing but http and https.
 */
export async function openInBrowser(url: string, patienceMs: number = PATIENCE_MS): Promise<boolean> {
  const childProcess = nodeModules()?.("node:child_process");
  const page = webPage(url);
  if (childProcess === undefined || page === undefined) return false;
  const [command, ...args] = OPENERS[process.platform] ?? ELSEWHERE;
  return new Promise((resolve) => {
    const child = childProcess.spawn(command, [...args, page], { stdio: "ignore", detached: true, windowsHide: true });
    const timer = setTimeout(() => finish(true), patienceMs);
    const finish = (opened: boolean): void => {
      clearTimeout(timer);
      resolve(opened);
    };
    child.once("error", () => finish(false));
    child.once("exit", (code) => finish(code === 0));
    child.unref();
  });
}

function webPage(url: string): string | undefined {
  const { protocol, href } = URL.canParse(url) ? new URL(url) : {};
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}
