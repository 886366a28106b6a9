import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { pipeUIMessageStreamToResponse } from "ai";
import { build } from "esbuild";
import type { Chat, ChatMessage } from "./chat.ts";

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Assistant</title>
<div id="root"></div><script type="module" src="/page.js"></script></html>`;

/** The app's web site: the page, its script, and the chat behind it. */
export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

export async function startSite(chat: Chat): Promise<Site> {
  const script = await bundle("page.tsx");

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (`${request.method} ${request.url}`) {
      case "GET /":
        return void response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      case "GET /page.js":
        return void response.writeHead(200, { "content-type": "text/javascript" }).end(script);
      case "POST /api/chat": {
        const { messages } = (await json(request)) as { messages: ChatMessage[] };
        // Somebody who closes the page waits for nothing any more.
        const gone = new AbortController();
        response.on("close", () => gone.abort());
        return pipeUIMessageStreamToResponse({ response, stream: await chat(messages, gone.signal) });
      }
      default:
        response.writeHead(404).end();
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundle(entry: string): Promise<string> {
  const entryPoint = fileURLToPath(new URL(entry, import.meta.url));
  const options = { bundle: true, minify: true, write: false, format: "esm", jsx: "automatic" } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [entryPoint] });
  return outputFiles[0]?.text ?? "";
}
