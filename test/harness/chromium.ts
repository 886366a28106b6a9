import { existsSync } from "node:fs";
import { env } from "node:process";
import chromiumPackage from "@sparticuz/chromium";
import { chromium, type Browser } from "playwright-core";

/** A real Chromium: `CHROMIUM_PATH`, else an installed one, else the one from the npm registry. */
export async function launchChromium(): Promise<Browser> {
  const installed = env["CHROMIUM_PATH"] ?? (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
  if (installed !== undefined) return chromium.launch({ executablePath: installed, args: ["--no-sandbox"] });
  return chromium.launch({
    executablePath: await chromiumPackage.executablePath(),
    args: chromiumPackage.args.filter((arg) => !UNWANTED.test(arg)),
  });
}

/** The package is tuned for functions in a cloud: one process, and no popup blocker, no site isolation. */
const UNWANTED =
  /^--(?:single-process|no-zygote|disable-web-security|disable-site-isolation-trials|headless|disable-features|disable-popup-blocking)/;
