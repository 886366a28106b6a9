import { existsSync } from "node:fs";
import { env } from "node:process";
import packaged from "@sparticuz/chromium";
import { chromium, type Browser } from "playwright-core";

/**
 * A real Chromium: the one `CHROMIUM_PATH` names, else an installed one, else the one from the npm registry. Of that
 * one's own switches none is taken: they are for functions in a cloud, and switch off what keeps sites apart.
 */
export async function launchChromium(): Promise<Browser> {
  const installed = env["CHROMIUM_PATH"] ?? (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
  const executablePath = installed ?? (await packaged.executablePath());
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--in-process-gpu"] });
}
