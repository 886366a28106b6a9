import type { BodyInput } from "./body.ts";
import { encodeBody } from "./body.ts";
import type { Call } from "./call.ts";
import { joinSignals, type CallDefaults } from "./call-defaults.ts";
import type { Core } from "./core.ts";
import { AlterValueError } from "./errors.ts";
import { executeCall } from "./execute-call.ts";
import { forwardHeaders, withoutReservedHeaders } from "./forward-headers.ts";
import { checkKnownNames } from "./known-names.ts";
import { asMethod } from "./request-arguments.ts";
import { CALL_OPTION_NAMES, checkRedirect, sharedCallParts, type CallOptions } from "./request-options.ts";
import { encodeLiteralTarget } from "./target.ts";
import type { Fetch } from "./vault-options.ts";

/** A grant id, or an object that says which credential and what else holds for each call. */
export type FetchOptions = CallOptions;

/**
 * A function with the signature of `fetch` whose calls go through the vault, for handing to a provider's own SDK.
 *
 * Like fetch it resolves for every answer of the provider, 4xx and 5xx too. A refusal of the vault rejects with the
 * SDK's error for it. Headers such an SDK sets that are not the caller's to set (its placeholder credential, cookies,
 * those of the connection) are left out instead of being refused. Of `init` it knows method, headers, body, signal and
 * redirect.
 */
export function fetchThrough(core: Core, defaults: CallDefaults, given: string | FetchOptions = {}): Fetch {
  const options = typeof given === "string" ? { grantId: given } : given;
  checkKnownNames(options, CALL_OPTION_NAMES);
  // Wrong options are told now, not at the first call.
  sharedCallParts(core.settings, defaults, options, core.newRunId, "GET");
  return async (input, init) => executeCall(core, fetchToCall(core, defaults, options, input, init ?? {}));
}

function fetchToCall(
  core: Core,
  defaults: CallDefaults,
  options: FetchOptions,
  input: string | URL | Request,
  init: RequestInit,
): Call {
  const request = typeof input === "string" || input instanceof URL ? undefined : input;
  const body = (init.body === undefined ? request?.body : init.body) as BodyInput | null | undefined;
  if (request?.bodyUsed === true && init.body === undefined)
    throw new TypeError("The body of the Request was already used.");
  const headers = new Headers(init.headers ?? request?.headers);
  const method = fetchMethod(init.method ?? request?.method ?? "GET");
  return {
    ...sharedCallParts(core.settings, defaults, options, core.newRunId, method),
    target: encodeLiteralTarget(fetchUrl(input instanceof Request ? input.url : String(input))),
    headers: withoutReservedHeaders(forwardHeaders(headers)),
    body: () => encodeBody(body),
    redirect: checkRedirect(init.redirect ?? request?.redirect) ?? "follow",
    signal: joinSignals(defaults.signal, init.signal === undefined ? request?.signal : init.signal),
    throwOnProviderError: false,
  };
}

function fetchMethod(method: string): Call["method"] {
  const known = asMethod(method);
  if (known === undefined) throw new AlterValueError(`The vault does not forward the method "${method.slice(0, 20)}".`);
  return known;
}

/** As fetch reads a URL: absolute, normalized, without its fragment. */
function fetchUrl(text: string): string {
  if (!URL.canParse(text)) throw new TypeError("Failed to parse the URL: it must be absolute.");
  const url = new URL(text);
  url.hash = "";
  return url.href;
}
