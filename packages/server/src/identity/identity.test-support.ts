import { randomBytes } from "node:crypto";
import { idpRecord, newId, oauthCredential, oauthGrant } from "../store/contract.test-support.ts";
import type { AgentRecord, DelegationRecord } from "../store/agent-records.ts";
import type { IdpRecord, UserWithGroups } from "../store/identity-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { GrantRecord } from "../store/grant-records.ts";
import type { Store } from "../store/store.ts";
import type { Asker } from "./asker.ts";

/** An app with one identity provider, in a store in memory, on a clock that stands still. */
export interface IdentityWorld {
  readonly store: Store;
  readonly appId: string;
  readonly idp: IdpRecord;
  now: number;
  user(subject: string, groups?: readonly string[]): Promise<UserWithGroups>;
  agent(over?: Partial<AgentRecord>): Promise<AgentRecord>;
  /** A connected account of this user, or of the app itself. */
  account(userId: string | null, over?: Partial<GrantRecord>): Promise<GrantRecord>;
  delegate(grant: GrantRecord, agentId: string, over?: Partial<DelegationRecord>): Promise<DelegationRecord>;
  asker(over?: Partial<Asker>): Asker;
  asUser(found: UserWithGroups, over?: Partial<Asker>): Asker;
}

export const random: (size: number) => Buffer = randomBytes;
const START = 1_800_000_000_000;

export async function openIdentityWorld(): Promise<IdentityWorld> {
  const store = openSqliteStore(":memory:");
  const appId = newId();
  await store.insertApp({ id: appId, name: "app", createdAt: 1 });
  const idp = idpRecord(appId);
  await store.insertIdp(idp);
  const world: IdentityWorld = {
    store,
    appId,
    idp,
    now: START,
    async user(subject, groups = []) {
      const found = await store.seeUser(appId, idp.id, {
        newId: newId(),
        subject,
        email: `${subject}@example.com`,
        groups: groups.map((externalId) => ({ newId: newId(), externalId })),
        source: "token",
        at: world.now,
        saidAt: world.now,
      });
      if (!found) throw new Error("the user name is taken");
      return found;
    },
    async agent(over = {}) {
      const id = newId();
      const agent: AgentRecord = {
        id,
        appId,
        name: `agent-${id}`,
        displayName: null,
        type: "agent",
        status: "active",
        scopes: {},
        metadata: {},
        idempotencyKey: null,
        bodyHash: null,
        createdAt: world.now,
        updatedAt: world.now,
        ...over,
      };
      await store.insertAgent(agent);
      return agent;
    },
    async account(userId, over = {}) {
      const id = newId();
      const grant = oauthGrant(appId, {
        id,
        principalType: userId === null ? "system" : "user",
        principalId: userId,
        account: { id, identifier: `account-${id}@example.com`, name: null },
        ...over,
      });
      await store.insertOAuthGrant(grant, oauthCredential(grant));
      return grant;
    },
    delegate: (grant, agentId, over = {}) =>
      store.putDelegation({
        id: newId(),
        appId,
        agentId,
        grantId: grant.id,
        provider: grant.provider,
        userId: grant.principalId ?? "",
        createdAt: world.now,
        expiresAt: null,
        revokedAt: null,
        ...over,
      }),
    asker: (over = {}) => ({
      appId,
      keyId: "key",
      scopes: ["proxy:execute", "grants:read", "grants:write", "sessions:write"],
      agent: null,
      user: null,
      session: null,
      ...over,
    }),
    asUser({ user, groups }, over = {}) {
      const { id, idpId, subject, email, name } = user;
      const asking = { id, idpId, subject, email, name, groups, expiresAt: world.now + 3_600_000 };
      return world.asker({ user: asking, ...over });
    },
  };
  return world;
}
