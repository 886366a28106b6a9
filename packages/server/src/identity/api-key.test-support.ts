import type { ApiKeyRecord } from "../store/store.ts";

/** A key of an app that may make calls, unless `over` says otherwise. What seals its signing key is not in it. */
export const apiKeyRecord = (over: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
  id: "key",
  appId: "app",
  name: "key",
  scopes: ["proxy:execute"],
  sealedSigningKey: new Uint8Array(),
  agentId: null,
  cidrs: null,
  requestsPerMinute: null,
  createdAt: 1,
  expiresAt: null,
  deprecatedAt: null,
  revokedAt: null,
  ...over,
});
