import type { Trouble } from "./behaviour.ts";
import { revoked } from "./refresh-endpoint.ts";
import { fixtureReply, jsonReply, type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";

/** The token endpoint has a bad day. */
export function troubleReply(registration: Registration, trouble: Exclude<Trouble, "lost">): Reply {
  const { fixtures } = registration.provider;
  switch (trouble) {
    case "500":
      return { status: 500, headers: { "content-type": "text/html" }, body: "<h1>Internal Server Error</h1>" };
    case "429":
      return jsonReply(429, { error: "rate_limited" }, { "retry-after": "1" });
    case "transient":
      return fixtures.transient
        ? fixtureReply(fixtures.transient)
        : jsonReply(503, { error: "temporarily_unavailable" });
    case "garbage":
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: '{"access_token": "fake-half-an-ans',
      };
    case "revoked":
      return revoked(registration);
    case "bad-client":
      return fixtures.tokenError ? fixtureReply(fixtures.tokenError) : jsonReply(401, { error: "invalid_client" });
    case "hang":
    case "drop":
      return trouble;
  }
}
