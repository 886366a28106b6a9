import { answerApi, type ApiCall } from "./api-endpoint.ts";
import { visitAuthorize, type Code } from "./authorize-endpoint.ts";
import { Check } from "./check.ts";
import type { EndpointName } from "./endpoints.ts";
import { fakeJwks } from "./fake-jwt.ts";
import { answerIdentity } from "./identity-endpoint.ts";
import type { Incoming } from "./incoming.ts";
import { answerInstallation } from "./installation-endpoint.ts";
import { answerIntrospect } from "./introspect-endpoint.ts";
import { discoveryDocument } from "./issuer.ts";
import { answerLongLived } from "./long-lived-endpoint.ts";
import { answerRefresh } from "./refresh-endpoint.ts";
import type { Registration } from "./registration.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { answerRevoke } from "./revoke-endpoint.ts";
import { answerCode } from "./token-endpoint.ts";

export interface Request {
  readonly registration: Registration;
  readonly endpoint: EndpointName;
  readonly incoming: Incoming;
  readonly now: number;
  /** Given out, used or not. */
  readonly codes: Map<string, Code>;
  /** Where calls with a live token are noted. */
  readonly apiCalls: ApiCall[];
}

/** What the endpoint says on a good day, and what was wrong with the request. */
export function answerRequest(request: Request): { check: Check; reply: Reply } {
  const { registration, endpoint, incoming, now, codes, apiCalls } = request;
  switch (endpoint) {
    case "discovery":
      return { check: new Check(), reply: jsonReply(200, discoveryDocument(registration)) };
    case "keys":
      return { check: new Check(), reply: jsonReply(200, fakeJwks()) };
    case "authorize": {
      const { check, reply, code } = visitAuthorize(registration, incoming, now);
      if (code) codes.set(code.value, code);
      return { check, reply };
    }
    case "code":
      return answerCode({ registration, incoming, codes, now });
    case "installation":
      return answerInstallation(registration, incoming, now);
    case "long-lived":
      return answerLongLived(registration, incoming, now);
    case "refresh":
      return answerRefresh(registration, incoming, now);
    case "revoke":
      return answerRevoke(registration, incoming);
    case "identity":
      return answerIdentity(registration, incoming);
    case "introspect":
      return answerIntrospect(registration, incoming, now);
    case "api":
      return answerApi(registration, incoming, apiCalls);
  }
}
