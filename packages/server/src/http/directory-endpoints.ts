import type { IncomingMessage, ServerResponse } from "node:http";
import { HEADER } from "@alter-vault/protocol";
import type { Directory } from "../directory/directory.ts";
import type { ScimAnswer } from "../directory/scim/scim-answer.ts";
import { sendError, sendProblem } from "./error-response.ts";

/**
 * Where identity providers come to: their notices and SCIM. It turns requests into words for `directory/` and its answers
 * into responses, and decides nothing; a body is read up to a limit, and no further.
 */
export interface DirectoryEndpointsDeps {
  readonly directory: Directory;
  readonly maxBytes: number;
}

/** False when the path is none of these. */
export type DirectoryEndpoints = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: string,
) => Promise<boolean>;

const WEBHOOK = /^\/webhooks\/idp\/([^/]{1,100})$/;
const SCIM = /^\/scim\/v2\/([^/]{1,100})\/(.{1,300})$/;

export function directoryEndpoints({ directory, maxBytes }: DirectoryEndpointsDeps): DirectoryEndpoints {
  async function webhook(request: IncomingMessage, response: ServerResponse, idpId: string): Promise<void> {
    if (request.method !== "POST") return sendError(response, "method_not_allowed", { allow: "POST" });
    const body = await readBody(request, maxBytes);
    if (!body) return sendError(response, "body_too_large", { connection: "close" });
    const headers = request.headers as Record<string, string | undefined>;
    const taken = await directory.webhook(idpId, { headers, body });
    if (!taken.ok) return sendProblem(response, taken.problem);
    response.writeHead(204, { "cache-control": "no-store", [HEADER.outcome]: "vault" }).end();
  }

  async function scim(
    request: IncomingMessage,
    response: ServerResponse,
    { idpId, path, search }: { readonly idpId: string; readonly path: string; readonly search: string },
  ): Promise<void> {
    const answer = await directory.scim.handle({
      idpId,
      method: request.method ?? "GET",
      path,
      query: new URLSearchParams(search),
      authorization: request.headers.authorization,
      body: async () => {
        const body = await readBody(request, maxBytes);
        return body && objectOf(body);
      },
    });
    sendScim(response, answer, request.readableEnded);
  }

  return async (request, response, path, search) => {
    const notice = WEBHOOK.exec(path);
    if (notice) {
      await webhook(request, response, notice[1] ?? "");
      return true;
    }
    const resource = SCIM.exec(path);
    if (!resource) return false;
    await scim(request, response, { idpId: resource[1] ?? "", path: resource[2] ?? "", search });
    return true;
  };
}

function sendScim(response: ServerResponse, { status, body, requestId, location }: ScimAnswer, wasRead: boolean): void {
  const text = body === null ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(body === null ? {} : { "content-type": "application/scim+json", "content-length": Buffer.byteLength(text) }),
    "cache-control": "no-store",
    [HEADER.outcome]: "vault",
    ...(requestId === undefined ? {} : { [HEADER.requestId]: requestId }),
    ...(location === undefined || status === 204 ? {} : { location }),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    // What was not read would be taken for the next request.
    ...(wasRead ? {} : { connection: "close" }),
  });
  response.end(text);
}

/** Null: it is larger, or it ended early. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return null;
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return null;
    throw error;
  }
  return Buffer.concat(chunks);
}

function objectOf(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
