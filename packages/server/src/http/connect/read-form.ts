import type { IncomingMessage } from "node:http";

const MAX_FORM_BYTES = 16 * 1024;

/** The fields of a form, or null: not a form, too large, or broken off. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") return null;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_FORM_BYTES) return null;
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return null;
    throw error;
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

/** `answer.shop` -> `shop`. */
export function answersOf(form: URLSearchParams): Record<string, string> {
  const answers = [...form].flatMap(([name, value]) => (name.startsWith("answer.") ? [[name.slice(7), value]] : []));
  return Object.fromEntries(answers) as Record<string, string>;
}
