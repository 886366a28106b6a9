import type { ServerResponse } from "node:http";

/** What goes wrong at a provider, for one call. */
export type Fault = (response: ServerResponse) => void;

/** 429. With `retryAfterSeconds` the provider says for how long. */
export function rateLimited(retryAfterSeconds?: number): Fault {
  return (response) => {
    if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
    response.writeHead(429, { "content-type": "application/json" }).end('{"message":"fake rate limit"}');
  };
}

/** A 5xx. Default: 500. */
export function serverError(status = 500): Fault {
  return (response) =>
    response.writeHead(status, { "content-type": "application/json" }).end('{"message":"fake error"}');
}

/** Answers with 200 after a while, or never. */
export function slow(ms: number = Number.POSITIVE_INFINITY): Fault {
  return (response) => {
    if (!Number.isFinite(ms)) return;
    const timer = setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end("{}"), ms);
    response.on("close", () => clearTimeout(timer));
  };
}

/** Takes the call and breaks the connection. */
export function broken(): Fault {
  return (response) => void response.destroy();
}
