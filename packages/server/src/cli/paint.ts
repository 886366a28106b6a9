import { loadCommandLineSettings } from "../config.ts";
import type { OutputStream } from "./cli.ts";

/** Colours, on a terminal that wants them; otherwise the text as it is. */
export interface Painter {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
}

export function painter(stream: OutputStream, environment: NodeJS.ProcessEnv | undefined): Painter {
  const on = stream.isTTY === true && loadCommandLineSettings(environment).color;
  const style = (open: number, close: number) => (text: string) =>
    on ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bold: style(1, 22), red: style(31, 39), yellow: style(33, 39), green: style(32, 39) };
}
