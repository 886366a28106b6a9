import { createHash, createHmac } from "node:crypto";
import type { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import {
  coveredComponents,
  HEADER,
  parseApiKey,
  Problem,
  ROUTES,
  signatureBase,
  signatureInput,
  type Route,
  type RouteId,
} from "@alter-vault/protocol";
import { Agent, buildConnector, request, type Dispatcher } from "undici";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { deriveSigningKey } from "../identity/api-keys.ts";
import type { RandomBytes } from "../random.ts";
import { CliError, usageError, VaultRefusal, type AnsweredProblem } from "./cli-error.ts";
import { EXIT } from "./exit-code.ts";

/**
 * The command line's way to a vault: signed calls to the endpoints of the route table. It trusts the vault at the one
 * address it is made for, follows no redirect, and never sends the API key, only signatures made with it.
 */
export interface VaultClient {
  readonly url: string;
  /** The answer of an endpoint. Throws {@link VaultRefusal} when the vault says no, CliError when there is no vault. */
  call<Id extends ClientRouteId>(id: Id, input?: CallInput<Id>): Promise<Answer<Id>>;
  /** The audit entries as JSON lines, in chunks of any size. */
  exportAudit(query: Query): Promise<Readable>;
  close(): Promise<void>;
}

/** All endpoints but those that are told of a call, by the headers of one. */
type ClientRouteId = Exclude<RouteId, "request" | "retrieve" | "preview">;

type Query = Readonly<Record<string, string | number | undefined>>;

interface CallInput<Id extends ClientRouteId> {
  /** The `{id}` of the path. */
  readonly id?: string;
  readonly query?: Query;
  readonly body?: (typeof ROUTES)[Id] extends { body: infer Body extends z.ZodType } ? z.input<Body> : never;
}

type Answer<Id extends ClientRouteId> = (typeof ROUTES)[Id] extends { response: infer Body extends z.ZodType }
  ? z.output<Body>
  : never;

export interface ClientOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Acts for this app (`alter-app`). */
  readonly app: string | undefined;
  /** Trust exactly this certificate, instead of the authorities of the system. */
  readonly certificateSha256: string | null;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

interface Exchange {
  readonly method: Route["method"];
  readonly path: string;
  readonly body: string | undefined;
  /** Milliseconds to wait for the answer; 0 waits on. */
  readonly patience: number;
}

const PATIENCE_MS = 60_000;
/** These look at everything there is, which takes as long as it takes. */
const SLOW: readonly ClientRouteId[] = ["verifyAudit", "rotateKeyring", "exportAudit"];

export function createVaultClient(options: ClientOptions): VaultClient {
  const { url, app, clock, random } = options;
  const key = parseApiKey(options.apiKey);
  if (!key) throw usageError("this is not an API key: it is mistyped or cut off", "Copy the key again, as a whole.");
  const signingKey = deriveSigningKey(key.secret);
  const authority = new URL(url).host;
  const agent = createAgent(options.certificateSha256);
  let clockOffsetSeconds = 0;

  function sign({ method, path, body = "" }: Exchange): Record<string, string> {
    const headers: Record<string, string> = {
      "content-digest": `sha-256=:${createHash("sha256").update(body).digest("base64")}:`,
      ...(app === undefined ? {} : { [HEADER.app]: app }),
    };
    const components = coveredComponents(headers);
    const created = Math.floor(clock.now() / 1000) + clockOffsetSeconds;
    const input = signatureInput(components, {
      created,
      nonce: random(16).toString("base64url"),
      keyId: key?.id ?? "",
    });
    const base = signatureBase({ method, authority, requestTarget: path, headers }, components, input);
    headers["signature-input"] = `alter=${input}`;
    headers["signature"] = `alter=:${createHmac("sha256", signingKey).update(base).digest("base64")}:`;
    if (body !== "") headers["content-type"] = "application/json";
    return headers;
  }

  async function send(exchange: Exchange, mayCorrectClock = true): Promise<Dispatcher.ResponseData> {
    const { method, path, body, patience } = exchange;
    const response = await request(url + path, {
      method,
      headers: sign(exchange),
      dispatcher: agent,
      headersTimeout: patience,
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    if (response.statusCode < 400) return response;
    const refusal = await readRefusal(url, response);
    if (mayCorrectClock && refusal.report.code === "clock_skew" && refusal.report.server_time !== undefined) {
      clockOffsetSeconds = refusal.report.server_time - Math.floor(clock.now() / 1000);
      return send(exchange, false);
    }
    throw refusal;
  }

  const exchangeFor = (id: ClientRouteId, input: CallInput<ClientRouteId>): Exchange => ({
    method: ROUTES[id].method,
    path: pathOf(ROUTES[id].path, input.id, input.query),
    body: input.body === undefined ? undefined : JSON.stringify(input.body),
    patience: SLOW.includes(id) ? 0 : PATIENCE_MS,
  });

  return {
    url,
    async call<Id extends ClientRouteId>(id: Id, input: CallInput<Id> = {}): Promise<Answer<Id>> {
      const response = await send(exchangeFor(id, input as CallInput<ClientRouteId>));
      const json = await response.body.json().catch(() => null);
      const route: Route = ROUTES[id];
      if (!route.response?.safeParse(json).success) throw notAVault(url, response.statusCode);
      // As it came, not as it was parsed: a newer vault may say more than this program knows.
      return json as Answer<Id>;
    },
    async exportAudit(query) {
      const response = await send(exchangeFor("exportAudit", { query }));
      return response.body;
    },
    close: () => agent.close(),
  };
}

function pathOf(path: string, id: string | undefined, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.append(name, String(value));
  const filled = path.replace("{id}", encodeURIComponent(id ?? ""));
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

/** A problem of this vault, or of one that knows codes which this program does not. */
const AnyProblem = Problem.omit({ code: true }).extend({ code: z.string() });

async function readRefusal(url: string, response: Dispatcher.ResponseData): Promise<VaultRefusal> {
  const json = await response.body.json().catch(() => null);
  if (!AnyProblem.safeParse(json).success) throw notAVault(url, response.statusCode);
  return new VaultRefusal(json as AnsweredProblem);
}

function notAVault(url: string, status: number): CliError {
  return new CliError(EXIT.error, {
    code: "vault_unreachable",
    title: "The answer is not one of a vault",
    detail: `${url} answered with status ${status} and something else`,
    fix: "Check --url or ALTER_VAULT_URL, and that no proxy answers in the vault's place.",
  });
}

function unreachable(url: string, error: unknown): CliError {
  const cause = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no answer";
  return new CliError(EXIT.error, {
    code: "vault_unreachable",
    title: "The vault does not answer",
    detail: `${url} cannot be reached (${cause})`,
    fix: "Check that it runs, and the address in --url or ALTER_VAULT_URL.",
  });
}

/** A client that keeps no connection for later: a command ends when its calls do. */
export function createAgent(certificateSha256: string | null): Agent {
  const timeout = 10_000;
  return new Agent({
    bodyTimeout: 0,
    connect: certificateSha256 === null ? { timeout } : pinned(certificateSha256, timeout),
  });
}

function pinned(certificateSha256: string, timeout: number): buildConnector.connector {
  // The fingerprint takes the place of names and authorities: it was read from the vault's own directory.
  const connect = buildConnector({ timeout, rejectUnauthorized: false });
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error) return callback(error, null);
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      if (certificate?.fingerprint256 === certificateSha256) return callback(null, socket);
      socket?.destroy();
      callback(
        Object.assign(new Error("another certificate than the vault's"), { code: "CERTIFICATE_MISMATCH" }),
        null,
      );
    });
}
