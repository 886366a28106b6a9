import { randomBytes } from "node:crypto";
import { formatUuidV7 } from "@alter-vault/protocol";
import { afterEach, beforeEach } from "vitest";
import type { ApprovalRecord } from "./approval-records.ts";
import type { IdpRecord } from "./identity-records.ts";
import type { GrantRecord } from "./grant-records.ts";
import type { OAuthCredentialRecord, RefreshedTokens } from "./oauth-records.ts";
import type { ProviderConfigRecord } from "./provider-records.ts";
import type { Store } from "./store.ts";

/**
 * `open` gives a store on fresh storage; `reopen` closes it and opens the same storage again, as a restart does.
 */
export interface StoreUnderTest {
  readonly store: Store;
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

let clock = 1_700_000_000_000;

/** Ids in the order they are asked for. */
export const newId = (): string => formatUuidV7(clock++, randomBytes(10));

/** What each test of a contract finds: a fresh store with two apps. */
export interface StoreOfTwo {
  readonly store: Store;
  readonly appA: string;
  readonly appB: string;
  reopen(): Promise<void>;
}

/** Opens a store before each test of the suite it is called in, and closes it afterwards. */
export function eachWithStoreOfTwo(open: () => Promise<StoreUnderTest>): StoreOfTwo {
  let under: StoreUnderTest;
  let store: Store;
  let ids: [string, string];
  beforeEach(async () => {
    under = await open();
    store = under.store;
    ids = [newId(), newId()];
    for (const id of ids) await store.insertApp({ id, name: `app ${id}`, createdAt: 1 });
  });
  afterEach(() => under.close());
  return {
    get store() {
      return store;
    },
    get appA() {
      return ids[0];
    },
    get appB() {
      return ids[1];
    },
    async reopen() {
      store = await under.reopen();
    },
  };
}

export function oauthGrant(appId: string, over: Partial<GrantRecord> = {}): GrantRecord {
  return {
    id: newId(),
    appId,
    secretId: null,
    provider: "demo",
    principalType: "system",
    principalId: null,
    label: null,
    status: "active",
    allowRetrieve: false,
    createdAt: 100,
    expiresAt: null,
    revokedAt: null,
    account: { id: "account-1", identifier: "ada@example.com", name: "Ada Example" },
    policy: null,
    data: null,
    ...over,
  };
}

export function oauthCredential(
  { id, appId, provider }: Pick<GrantRecord, "id" | "appId" | "provider">,
  over: Partial<OAuthCredentialRecord> = {},
): OAuthCredentialRecord {
  return {
    id,
    appId,
    provider,
    flow: "authorization_code",
    version: 1,
    sealedTokens: randomBytes(60),
    askedScopes: ["read", "write"],
    grantedScopes: ["read"],
    variables: { tenant: "one" },
    tokenExpiresAt: 1_000,
    refreshExpiresAt: null,
    refreshDueAt: 900,
    connectedAt: 100,
    refreshedAt: null,
    state: "ok",
    problem: null,
    failingSince: null,
    failures: 0,
    leaseId: null,
    leaseUntil: null,
    ...over,
  };
}

export function refreshedTokens(over: Partial<RefreshedTokens> = {}): RefreshedTokens {
  return {
    sealedTokens: randomBytes(61),
    grantedScopes: ["read", "write"],
    variables: { tenant: "two" },
    tokenExpiresAt: 5_000,
    refreshExpiresAt: 90_000,
    refreshDueAt: 4_500,
    at: 1_200,
    ...over,
  };
}

export function providerConfig(appId: string, over: Partial<ProviderConfigRecord> = {}): ProviderConfigRecord {
  return {
    id: newId(),
    appId,
    provider: "demo",
    clientId: "fake-client",
    sealedClient: randomBytes(60),
    hasClientSecret: true,
    hasPrivateKey: false,
    variables: { tenant: "one" },
    allowedScopes: ["read", "write"],
    defaultScopes: ["read"],
    redirectUri: null,
    grantSchema: { type: "object" },
    createdAt: 10,
    updatedAt: 10,
    ...over,
  };
}

export function idpRecord(appId: string, over: Partial<IdpRecord> = {}): IdpRecord {
  return {
    id: newId(),
    appId,
    name: "Issuer",
    preset: "oidc",
    issuer: "https://issuer.example",
    audiences: ["vault"],
    authorizedParties: [],
    algorithms: ["RS256"],
    jwksUrl: "https://issuer.example/jwks",
    claims: { user_id: "sub", email: "email", name: "name", groups: "groups" },
    clientId: null,
    status: "active",
    webhookKind: null,
    sealedSecrets: randomBytes(60),
    scimTokenHash: null,
    createdAt: 10,
    updatedAt: 10,
    ...over,
  };
}

export function approvalRecord(appId: string, over: Partial<ApprovalRecord> = {}): ApprovalRecord {
  return {
    id: newId(),
    appId,
    requestHash: "hash",
    status: "pending",
    keyId: "key",
    agentId: null,
    userId: "user",
    shown: {
      method: "POST",
      url: "https://api.example.com/",
      provider: "demo",
      grantId: "grant",
      operation: null,
      reason: "because",
      agentName: null,
      caller: { type: "agent" },
      context: { run_id: "r" },
    },
    requirements: [{ ruleId: "r", users: ["u"], groups: [], operator: true, quorum: 1, allowSelf: false }],
    entryId: "entry",
    createdAt: 1_000,
    expiresAt: 2_000,
    decidedAt: null,
    decisionReason: null,
    executedAt: null,
    problem: null,
    ...over,
  };
}

/** Sealed values come back as some kind of bytes. */
export const bytes = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString("hex");
