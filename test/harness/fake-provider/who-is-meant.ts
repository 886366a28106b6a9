import { endpointOf, type EndpointName } from "./endpoints.ts";
import { valuesOf, type Incoming } from "./incoming.ts";
import type { Registration } from "./registration.ts";

/**
 * Which app at which provider, and which of its endpoints; null when nobody is there. Several providers may share a host:
 * then the client id or a token in the request says whose it is.
 */
export function whoIsMeant(
  registrations: readonly Registration[],
  incoming: Incoming,
): { registration: Registration; endpoint: EndpointName } | null {
  const candidates = registrations.flatMap((registration) => {
    const endpoint = endpointOf(registration, incoming);
    return endpoint === null ? [] : [{ registration, endpoint }];
  });
  if (candidates.length < 2) return candidates[0] ?? null;
  const values = valuesOf(incoming);
  const owned = candidates.find(
    ({ registration }) =>
      values.has(registration.clientId) || [...values].some((value) => registration.book.owns(value)),
  );
  return owned ?? candidates.find(({ endpoint }) => endpoint !== "api") ?? candidates[0] ?? null;
}
