import { AGENT_ROUTES } from "./routes/agents.ts";
import { APPROVAL_ROUTES } from "./routes/approvals.ts";
import { APP_ROUTES } from "./routes/apps.ts";
import { AUDIT_ROUTES } from "./routes/audit.ts";
import { CALL_ROUTES } from "./routes/calls.ts";
import { CONNECT_ROUTES } from "./routes/connect.ts";
import { GRANT_ROUTES } from "./routes/grants.ts";
import { IDENTITY_ROUTES } from "./routes/identity.ts";
import { KEYRING_ROUTES } from "./routes/keyring.ts";
import { POLICY_ROUTES } from "./routes/policy.ts";
import { PROVIDER_ROUTES } from "./routes/providers.ts";
import { SECRET_ROUTES } from "./routes/secrets.ts";

/**
 * Every endpoint of `/v1`: what it takes, what it answers, which scope it needs. The server binds a handler to each by
 * its id, the OpenAPI document is printed from it, the SDK and the command line call by it.
 */
export const ROUTES = {
  ...CALL_ROUTES,
  ...APP_ROUTES,
  ...SECRET_ROUTES,
  ...GRANT_ROUTES,
  ...PROVIDER_ROUTES,
  ...CONNECT_ROUTES,
  ...IDENTITY_ROUTES,
  ...AGENT_ROUTES,
  ...AUDIT_ROUTES,
  ...POLICY_ROUTES,
  ...APPROVAL_ROUTES,
  ...KEYRING_ROUTES,
};

export type RouteId = keyof typeof ROUTES;
