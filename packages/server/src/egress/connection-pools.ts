import { isIP, type LookupFunction } from "node:net";
import { Pool, type buildConnector } from "undici";
import { bareAddress, isForbiddenAddress } from "./addresses.ts";
import type { EgressLimits } from "./limits.ts";

export interface ConnectionPools {
  /** The pool of a URL's origin. IP literals are checked here, as they never pass through a lookup. */
  get(url: URL): Pool | "forbidden" | "closed";
  close(): Promise<void>;
}

/** Makes the socket for an origin. Whoever gives one answers for where it leads: no address is checked any more. */
export type ConnectionOpener = buildConnector.connector;

interface PoolsOptions {
  readonly allowLoopback: boolean;
  readonly limits: EgressLimits;
  readonly lookup: LookupFunction;
  readonly maxOrigins: number;
  /** Default: to the address that the lookup checked, with TLS where the origin has it. */
  readonly connect?: ConnectionOpener | undefined;
}

/**
 * Kept-alive connections, by origin. A pool without a connection is forgotten; when there are too many, the one that
 * was made first ends what it has under way and closes.
 */
export function createPools(options: PoolsOptions): ConnectionPools {
  const pools = new Map<string, Pool>();
  let closed = false;

  function open(origin: string): Pool {
    const pool = new Pool(origin, poolOptions(options));
    const forgetWhenUnused = (): void => {
      const { connected, pending, queued, running } = pool.stats;
      if (connected + pending + queued + running === 0) forget(origin, pool);
    };
    pool.on("disconnect", forgetWhenUnused);
    pool.on("connectionError", forgetWhenUnused);
    pools.set(origin, pool);
    const [oldest] = pools;
    if (pools.size > options.maxOrigins && oldest) forget(...oldest);
    return pool;
  }

  function forget(origin: string, pool: Pool): void {
    if (pools.get(origin) !== pool) return;
    pools.delete(origin);
    void pool.close();
  }

  return {
    get(url) {
      if (closed) return "closed";
      const { origin } = url;
      const pool = pools.get(origin);
      if (pool) return pool;
      const address = bareAddress(url.hostname);
      return isIP(address) !== 0 && isForbiddenAddress(address, options) ? "forbidden" : open(origin);
    },
    async close() {
      closed = true;
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.close()));
    },
  };
}

function poolOptions({ limits, lookup, connect }: PoolsOptions): Pool.Options {
  return {
    connections: limits.connectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.maxResponseHeaderBytes,
    // Said outright, so that no variable of the environment turns the check of certificates off.
    connect: connect ?? { lookup, timeout: limits.connectTimeoutMs, rejectUnauthorized: true },
  };
}
