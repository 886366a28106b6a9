/**
 * The only outbound door of the vault: what carries a credential to a provider leaves here and nowhere else.
 *
 * It trusts the request it is given to be checked and decided about (`parseTarget`, `checkRequestHeaders`, the
 * credential's allow-list), and the resolver to tell the truth of the moment. It does not trust the provider, the
 * network, or time: every connection goes to an address that was checked when it was made, every redirect is a new
 * decision and leaves the credential behind when it crosses an origin, every answer is bounded, decoded, and searched
 * for the credential before a byte of it goes back.
 *
 * It refuses plain http and addresses of the inside (but for loopback, in development), and it ignores the proxy
 * settings of the environment: a proxy would see where the vault talks to, and would be asked to resolve the names.
 */
import type { Readable } from "node:stream";
import type { ErrorCode, ProxyMethod } from "@alter-vault/protocol";
import { Call } from "./call.ts";
import { createPools, type ConnectionOpener } from "./connection-pools.ts";
import type { HangUpSignal } from "./hang-up.ts";
import type { EgressLimits } from "./limits.ts";
import { createLookup, resolveWithSystem, type Resolve } from "./lookup.ts";
import type { Matcher } from "./matcher.ts";
import type { HopTarget } from "./redirect.ts";
import type { HeaderBag } from "./response-headers.ts";
import { createQuotaGuard } from "./quota-guard.ts";
import { sleepFor, type LimitHeaders, type Sleep } from "./retry.ts";

export type { EgressLimits } from "./limits.ts";

/** Origins with open connections at a time. */
const MAX_ORIGINS = 256;

export interface EgressOptions {
  /** Lets 127.0.0.0/8, [::1] and `localhost` pass, also by http. The operator's switch for development. */
  readonly allowLoopback: boolean;
  readonly limits: EgressLimits;
  /** Default: the resolver of the operating system. */
  readonly resolve?: Resolve;
  /** From 0 up to 1, for the jitter between retries. */
  readonly random: () => number;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  readonly sleep?: Sleep;
  /** For tests: opens every connection, in the place of lookup, address check and TLS. */
  readonly connect?: ConnectionOpener | undefined;
}

export interface EgressRequest {
  readonly method: ProxyMethod;
  /** After injection. */
  readonly url: URL;
  /** In lower case, injected ones included. Length and encoding of the body are the egress's own business. */
  readonly headers: readonly (readonly [string, string])[];
  /** Names of the headers that hold the credential. They do not go to another origin. */
  readonly credentialHeaders: readonly string[];
  /** Names of the query parameters that hold the credential. They do not go to another origin. */
  readonly credentialQuery: readonly string[];
  /**
   * A stream is read as fast as the provider takes it. It stays the caller's: when the outcome is not ok, it may be
   * unread, half read or destroyed.
   */
  readonly body: Buffer | Readable | null;
  /** Of a stream, when it is known; null sends it chunked. */
  readonly contentLength: number | null;
  /** Whether a redirect may lead to a URL of another origin. */
  readonly allows: (url: URL) => boolean;
  /** Whether a redirect may be followed at all, as it would be. Default: any. */
  readonly permits?: ((hop: HopTarget) => boolean) | undefined;
  /** Finds the secrets to take out of the answer. See secretMatcher. */
  readonly matcher: Matcher | null;
  readonly redirect: "follow" | "manual" | "error";
  /** Calls with the same one wait together when the provider asks to. Default: it waits for nobody. */
  readonly quota?: string | undefined;
  /** What the provider calls its headers about limits. */
  readonly limitHeaders?: LimitHeaders | undefined;
  /** Default false. */
  readonly keepSetCookie?: boolean;
}

/** Where the answer goes. What it throws ends the call, and send() rejects with it. */
export interface EgressSink {
  /** At most once, before any data. The headers are the sink's to change. */
  onHeaders(status: number, headers: HeaderBag, resume: () => void): void;
  /** Answers false to get nothing more until it calls resume(); what is on its way already may still come. */
  onData(chunk: Buffer): boolean;
}

export type EgressOutcome =
  | {
      readonly ok: true;
      readonly status: number;
      readonly retries: number;
      readonly redirects: number;
      /** Of bodies, as they went over the wire to the provider, and as they were handed to the sink. */
      readonly requestBytes: number;
      readonly responseBytes: number;
      /** How many places were masked. */
      readonly scrubbed: number;
    }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      /** For people. Holds the host at most, never a query or a credential. */
      readonly detail: string;
      readonly host?: string;
      /** How long the provider has asked to wait. */
      readonly retryAfterMs?: number;
      /** The sink has got headers already: the answer broke off. */
      readonly started: boolean;
      /** Something of the request may have reached the provider. */
      readonly begun: boolean;
      readonly retries: number;
      readonly redirects: number;
      readonly scrubbed: number;
    };

export interface Egress {
  /**
   * Sends one request, with the redirects and retries that belong to it, and hands the answer to the sink. Resolves
   * when the last byte was handed over, or when it is clear that there will be none; expected failures are outcomes.
   * When the signal aborts, the connection to the provider is gone at once and the outcome is `client_closed`.
   *
   * Codes: `target_address_forbidden`, `redirect_refused`, `upstream_unreachable`, `upstream_timeout`,
   * `upstream_protocol_error`, `upstream_encoding_unsupported`, `response_too_large`, `client_closed`,
   * `provider_rate_limited` (the provider has asked to wait for long), `shutting_down`, `header_invalid` (what was injected cannot be sent), `invalid_request` (the body is not as long as
   * it was said to be).
   */
  send(request: EgressRequest, sink: EgressSink, signal: HangUpSignal): Promise<EgressOutcome>;
  /** Takes no more calls, waits for those under way, and closes every connection. Abort their signals to be quick. */
  close(): Promise<void>;
}

export function createEgress(options: EgressOptions): Egress {
  const { allowLoopback, limits, random, now, connect } = options;
  const lookup = createLookup(options.resolve ?? resolveWithSystem, { allowLoopback });
  const pools = createPools({ allowLoopback, limits, lookup, maxOrigins: MAX_ORIGINS, connect });
  const context = {
    allowLoopback,
    limits,
    random,
    now,
    pools,
    sleep: options.sleep ?? sleepFor,
    quotas: createQuotaGuard(),
  };
  return {
    send: (request, sink, signal) => new Call(context, request, sink, signal).run(),
    close: () => pools.close(),
  };
}
