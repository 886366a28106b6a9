import {
  PROXY_METHODS,
  UUID_PATTERN,
  type Caller,
  type Context,
  type ForwardHeaders,
  type ProxyMethod,
  type RequestEnvelope,
  type TargetParams,
} from "@alter-vault/protocol";

/**
 * The envelope of an ordinary call, without its schema: checking a dozen fields by hand costs a tenth of what the schema
 * does. It answers null for whatever is not plainly in order, and for what is rare; the schema then says what is wrong,
 * or that nothing is. What it accepts, the schema accepts with the same result; a property test holds it to that.
 */
type Headers = Readonly<Record<string, string | undefined>>;
type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

const METHODS: ReadonlySet<string> = new Set(PROXY_METHODS);
const REDIRECTS: ReadonlySet<string> = new Set(["follow", "manual", "error"]);
const CALLER_TYPES: ReadonlySet<unknown> = new Set(["agent", "service", "mcp_server"]);
const CONTEXT_NAME = /^[a-z][a-z0-9_]{0,63}$/;

export function readPlainEnvelope(headers: Headers): RequestEnvelope | null {
  const method = headers["alter-method"];
  const target = headers["alter-target"];
  if (method === undefined || !METHODS.has(method) || !isText(target, 16_384)) return null;
  if (headers["alter-sigv4"] !== undefined || headers["alter-body-digest"] !== undefined) return null;

  const forwarded = readJson(headers["alter-headers"], NO_HEADERS, isForwardHeaders);
  const caller = readCaller(headers["alter-caller"]);
  const context = readJson(headers["alter-context"], NO_CONTEXT, isContext);
  const redirect = headers["alter-redirect"] ?? "follow";
  if (!forwarded || !caller || !context || !REDIRECTS.has(redirect)) return null;
  const envelope: Mutable<RequestEnvelope> = {
    method: method as ProxyMethod,
    target,
    headers: forwarded as ForwardHeaders,
    caller,
    context: context as Context,
    redirect: redirect as RequestEnvelope["redirect"],
  };

  const grant = headers["alter-grant"];
  if (grant !== undefined) {
    if (!UUID_PATTERN.test(grant)) return null;
    envelope.grant_id = grant;
  }
  const provider = headers["alter-provider"];
  if (provider !== undefined) {
    if (!isText(provider, 100)) return null;
    envelope.provider = provider;
  }
  if (headers["alter-params"] !== undefined) {
    const params = readJson(headers["alter-params"], null, isParams);
    if (!params) return null;
    envelope.params = params as TargetParams;
  }
  if (headers["alter-account"] !== undefined) {
    const account = parse(headers["alter-account"]);
    if (!isText(account, 320)) return null;
    envelope.account = account;
  }
  if (headers["alter-reason"] !== undefined) {
    const reason = parse(headers["alter-reason"]);
    if (!isText(reason, 1000)) return null;
    envelope.reason = reason;
  }
  return envelope;
}

/** Who calls is the same text in each call of a process. */
const callers = new Map<string, Caller>();
const MOST_CALLERS = 1_000;
const LONGEST_CALLER = 1_024;
const NO_CALLER: Caller = Object.freeze<Caller>({ type: "agent" });
const NO_HEADERS: object = Object.freeze([]);
const NO_CONTEXT: object = Object.freeze({});

function readCaller(text: string | undefined): Caller | null {
  if (text === undefined) return NO_CALLER;
  const known = callers.get(text);
  if (known) return known;
  const value = parse(text);
  if (!isCaller(value)) return null;
  const caller: Caller = Object.freeze({ type: "agent", ...value });
  if (text.length <= LONGEST_CALLER) {
    if (callers.size >= MOST_CALLERS) callers.clear();
    callers.set(text, caller);
  }
  return caller;
}

function isCaller(value: unknown): value is Partial<Caller> {
  if (!isRecord(value)) return false;
  for (const name in value) {
    const item = value[name];
    switch (name) {
      case "type":
        if (!CALLER_TYPES.has(item)) return false;
        break;
      case "identifier":
      case "name":
        if (!isText(item, 200)) return false;
        break;
      case "version":
      case "framework":
      case "client_type":
        if (!isText(item, 100)) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

function isContext(value: unknown): boolean {
  if (!isRecord(value)) return false;
  let count = 0;
  for (const name in value) {
    const item = value[name];
    if (++count > 32 || !CONTEXT_NAME.test(name) || typeof item !== "string" || item.length > 512) return false;
  }
  return true;
}

function isParams(value: unknown): boolean {
  if (!isRecord(value)) return false;
  for (const name in value) {
    if (name === "path" ? !isPathParams(value[name]) : name !== "query" || !isQuery(value[name])) return false;
  }
  return true;
}

function isPathParams(value: unknown): boolean {
  if (!isRecord(value)) return false;
  for (const name in value) {
    const item = value[name];
    // The schema drops this name, which JSON.parse makes an own one.
    if (name === "__proto__" || name.length > 64 || typeof item !== "string" || item.length > 2048) return false;
  }
  return true;
}

const isForwardHeaders = pairsIn(100, 256, 16_384);
const isQuery = pairsIn(200, 512, 16_384);

function pairsIn(most: number, longestName: number, longestValue: number): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length <= most && value.every(isPair);

  function isPair(pair: unknown): boolean {
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    const [name, value] = pair as [unknown, unknown];
    return (
      typeof name === "string" &&
      name.length <= longestName &&
      typeof value === "string" &&
      value.length <= longestValue
    );
  }
}

function readJson(
  text: string | undefined,
  otherwise: object | null,
  isValid: (value: unknown) => boolean,
): object | null {
  if (text === undefined) return otherwise;
  const value = parse(text);
  return isValid(value) ? (value as object) : null;
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= longest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined, which no check accepts, for what is not JSON. */
function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
