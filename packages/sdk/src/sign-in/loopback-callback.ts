import type { IncomingMessage, ServerResponse } from "node:http";
import { AlterValueError, type ConnectFlowError } from "../errors.ts";
import { nodeModules } from "../node-modules.ts";
import { readCallback, type Expected } from "./read-callback.ts";

export interface CallbackListener {
  readonly redirectUri: string;
  /** The code that came back; rejects when the issuer said no. */
  readonly code: Promise<string>;
  close(): void;
}

const PATH = "/callback";

/**
 * Listens on the loopback interface of this machine, and there alone, for the browser to come back. Whatever does not
 * carry the state of this attempt is turned away and changes nothing: any page can send a browser here.
 */
export async function listenForCallback(port: number, expected: Expected): Promise<CallbackListener> {
  const http = nodeModules()?.("node:http");
  if (http === undefined) {
    throw new AlterValueError("authenticate() needs Node, to listen for the browser. Elsewhere pass userTokenGetter.");
  }
  const back = Promise.withResolvers<string>();
  // It may be settled before anybody waits for it.
  back.promise.catch(() => undefined);
  const server = http.createServer((request, response) => answer(request, response));
  const listening = await new Promise<number>((resolve, reject) => {
    server.once("error", () => reject(new AlterValueError(`Port ${port} of this machine cannot be listened on.`)));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const isOurs = request.headers.host === `127.0.0.1:${listening}` && url.pathname === PATH;
    if (request.method !== "GET" || !isOurs) return send(response, 404, "There is nothing here");
    const callback = readCallback(url.searchParams, expected);
    switch (callback.kind) {
      case "foreign":
        return send(response, 400, "This sign-in was not started here");
      case "refused":
        return send(response, 200, "You are not signed in", () =>
          back.reject(callback.error satisfies ConnectFlowError),
        );
      case "code":
        return send(response, 200, "That was all", () => back.resolve(callback.code));
    }
  }

  return {
    redirectUri: `http://127.0.0.1:${listening}${PATH}`,
    code: back.promise,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A page that says one thing. Nothing of the request is in it. */
function send(response: ServerResponse, status: number, heading: string, then?: () => void): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(
    `<!doctype html><html lang="en"><title>${heading}</title><main><h1>${heading}</h1><p>You can close this window and go back to the program.</p></main></html>`,
    then,
  );
}
