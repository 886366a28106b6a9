export interface EgressLimits {
  /** For name lookup, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** From the sent request to the headers of the answer. */
  readonly headersTimeoutMs: number;
  /** Between two pieces of the answer's body. Time in which the sink asked to wait does not count. */
  readonly idleTimeoutMs: number;
  readonly maxResponseHeaderBytes: number;
  /** Of the body as it is handed to the sink; null for no limit. */
  readonly maxResponseBytes: number | null;
  readonly connectionsPerOrigin: number;
  readonly maxRedirects: number;
  readonly maxRetries: number;
  /** A provider that asks to wait longer gets its answer passed on instead. */
  readonly maxRetryAfterMs: number;
  /** How long a call waits for its turn when the provider has asked others of its quota to; longer, and it is refused. */
  readonly maxQuotaWaitMs: number;
  /** How many bytes one byte of a compressed body may become, beyond the first MiB. */
  readonly decodedRatio: number;
}

export const DEFAULT_EGRESS_LIMITS: EgressLimits = {
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 60_000,
  idleTimeoutMs: 300_000,
  maxResponseHeaderBytes: 64 * 1024,
  maxResponseBytes: null,
  connectionsPerOrigin: 256,
  maxRedirects: 5,
  maxRetries: 2,
  maxRetryAfterMs: 5_000,
  maxQuotaWaitMs: 10_000,
  decodedRatio: 100,
};
