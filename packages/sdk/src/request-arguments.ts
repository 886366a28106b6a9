import { PROXY_METHODS, UUID_PATTERN, type ProxyMethod } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";
import type { RequestOptions } from "./request-options.ts";

export interface ParsedArguments {
  readonly method: ProxyMethod;
  readonly url: string | URL;
  readonly options: RequestOptions;
}

/** Reads both documented forms of request(). The first argument tells them apart: a method, or the UUID of a grant. */
export function parseRequestArguments(args: readonly unknown[]): ParsedArguments {
  const [first] = args;
  if (asMethod(first) !== undefined) return parsed(args[0], args[1], args[2]);
  if (typeof first !== "string" || !UUID_PATTERN.test(first.toLowerCase())) {
    throw new AlterValueError(
      "The first argument of request() must be an HTTP method or the UUID of a grant. To address a credential by provider: request(method, url, { provider }).",
    );
  }
  const { options, ...rest } = parsed(args[1], args[2], args[3]);
  const named = options.grantId ?? options.connectionId;
  if (named !== undefined && named.toLowerCase() !== first.toLowerCase()) {
    throw new AlterValueError(
      "request() is given two different grants, one as an argument and one as an option. Keep one.",
    );
  }
  return { ...rest, options: { ...options, grantId: first, connectionId: undefined } };
}

function parsed(method: unknown, url: unknown, options: unknown): ParsedArguments {
  const known = asMethod(method);
  if (known === undefined) {
    throw new AlterValueError(`The method of request() must be one of: ${PROXY_METHODS.join(", ")}.`);
  }
  if ((typeof url !== "string" || url === "") && !(url instanceof URL)) {
    throw new AlterValueError("The URL of request() must be a text or a URL.");
  }
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new AlterValueError("The options of request() must be an object.");
  }
  return { method: known, url, options: options ?? {} };
}

/** The method in capitals, or undefined when it is none. */
export function asMethod(value: unknown): ProxyMethod | undefined {
  if (typeof value !== "string") return undefined;
  const upper = value.toUpperCase();
  return PROXY_METHODS.find((method) => method === upper);
}
