import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { isForbiddenAddress } from "./addresses.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name, in the order to try them. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** A name led to an address the vault does not call. The address itself is not told: it may be of the inside. */
export class AddressForbiddenError extends Error {
  readonly code = "ALTER_ADDRESS_FORBIDDEN";
  override readonly name = "AddressForbiddenError";

  constructor(hostname: string) {
    super(`${hostname} leads to an address that is not public`);
  }
}

/** The resolver of the operating system, with /etc/hosts and everything else it knows. */
export const resolveWithSystem: Resolve = (hostname) => systemLookup(hostname, { all: true, order: "verbatim" });

/**
 * The name lookup of every connection. What was checked is what is connected to: the addresses that come back from
 * here go to the socket as they are, there is no second resolution an attacker could answer differently. One forbidden
 * address refuses the whole answer, because the socket is free to pick any.
 *
 * Loopback addresses pass for the name `localhost` only, and only with `allowLoopback`: no other name gets a provider
 * on this machine.
 */
export function createLookup(resolve: Resolve, options: { readonly allowLoopback: boolean }): LookupFunction {
  const lookup = callbackify(async (hostname: string): Promise<ResolvedAddress[]> => {
    const allowLoopback = options.allowLoopback && hostname === "localhost";
    const addresses = (await resolve(hostname)).map(({ address }) => ({ address, family: isIP(address) }));
    if (addresses.length === 0) throw notFound(hostname);
    if (addresses.some(({ address }) => isForbiddenAddress(address, { allowLoopback }))) {
      throw new AddressForbiddenError(hostname);
    }
    return addresses;
  });
  return (hostname, { all }, callback) => {
    lookup(hostname, (error, addresses) => {
      const first = error ? undefined : addresses[0];
      if (!first) callback(error, []);
      else if (all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" });
}
