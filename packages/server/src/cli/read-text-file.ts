import { readFileSync } from "node:fs";
import { usageError } from "./cli-error.ts";

/** What is in a file that an option names. Throws a usage error when it cannot be read. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageError(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

/** The same as text. For what is not a secret. */
export function readTextFile(path: string): string {
  return readBytes(path)
    .toString("utf8")
    .replace(/^\ufeff/, "");
}

/** A JSON object from a file. The parser's message is shown: for what is not a secret. */
export function readJsonFile(path: string): Record<string, unknown> {
  return parseJsonObject(readTextFile(path), path);
}

export function parseJsonObject(text: string, where: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw usageError(`${where} is not JSON: ${error instanceof Error ? error.message : "unreadable"}`);
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw usageError(`${where} is not a JSON object`);
}
