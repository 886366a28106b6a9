import type { IdpAlgorithm, IdpClaims, Scope } from "@alter-vault/protocol";
import type { z } from "zod";

/** Who may be behind a call: identity providers, their users and groups, sessions that stand in for users. */
export interface IdpRecord {
  readonly id: string;
  readonly appId: string;
  readonly name: string;
  readonly preset: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly authorizedParties: readonly string[];
  readonly algorithms: readonly z.output<typeof IdpAlgorithm>[];
  readonly jwksUrl: string;
  readonly claims: IdpClaims;
  readonly clientId: string | null;
  readonly status: "active" | "disabled";
  readonly webhookKind: "svix" | "auth0" | "generic" | null;
  /** The webhook's secret, sealed; see `identity/idp-secret.ts`. Empty while there is none. */
  readonly sealedSecrets: Uint8Array;
  readonly scimTokenHash: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface UserRecord {
  readonly id: string;
  readonly appId: string;
  readonly idpId: string;
  /** What the identity provider calls them, for good. */
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly status: "active" | "suspended" | "deleted";
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
}

export interface GroupRecord {
  readonly id: string;
  readonly appId: string;
  readonly idpId: string;
  readonly externalId: string;
  readonly name: string;
  readonly createdAt: number;
}

export interface UserWithGroups {
  readonly user: UserRecord;
  readonly groups: readonly GroupRecord[];
}

/** What an identity provider says of a user, by a token, a webhook or SCIM. Undefined leaves what is known. */
export interface SeenUser {
  /** Of the record, if it is a new one. */
  readonly newId: string;
  readonly subject: string;
  readonly email?: string | null;
  readonly name?: string | null;
  /** External ids, with names where they are known. All memberships of the user, or undefined: nothing is said. */
  readonly groups?: readonly { readonly newId: string; readonly externalId: string; readonly name?: string }[];
  readonly at: number;
  /** A sign-in counts as being seen; a notice does not. */
  readonly signsIn: boolean;
}

export interface DirectoryPage {
  readonly idpId: string | null;
  readonly after: string;
  readonly limit: number;
}

export interface VaultSessionRecord {
  readonly id: string;
  readonly appId: string;
  readonly tokenHash: string;
  readonly userId: string;
  readonly agentId: string | null;
  readonly scopes: readonly Scope[];
  readonly providers: readonly string[] | null;
  readonly grants: readonly string[] | null;
  readonly parentId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

export interface IdentityStore {
  /** False when the app has an identity provider of that issuer. */
  insertIdp(idp: IdpRecord): Promise<boolean>;
  findIdp(appId: string, id: string): Promise<IdpRecord | null>;
  /** By its id alone: how a webhook or SCIM call is found before it has shown what app it is for. */
  findIdpById(id: string): Promise<IdpRecord | null>;
  findIdpByIssuer(appId: string, issuer: string): Promise<IdpRecord | null>;
  listIdps(appId: string): Promise<IdpRecord[]>;
  /** Everything but id, app, issuer and creation time. Null when there is none. */
  updateIdp(idp: IdpRecord): Promise<IdpRecord | null>;
  deleteIdp(appId: string, id: string): Promise<IdpRecord | null>;
  /** Whether anybody has signed in by it. */
  hasUsers(appId: string, idpId: string): Promise<boolean>;

  /** Makes or updates the user, and brings the memberships to what is said, in one write. A deleted user stays deleted. */
  seeUser(appId: string, idpId: string, seen: SeenUser): Promise<UserWithGroups>;
  findUser(appId: string, id: string): Promise<UserWithGroups | null>;
  findUserBySubject(appId: string, idpId: string, subject: string): Promise<UserWithGroups | null>;
  listUsers(appId: string, page: DirectoryPage): Promise<UserWithGroups[]>;
  setUserStatus(appId: string, id: string, status: UserRecord["status"]): Promise<UserWithGroups | null>;

  /** Makes the group, or gives it a new name. */
  putGroup(group: GroupRecord): Promise<GroupRecord>;
  findGroup(appId: string, id: string): Promise<GroupRecord | null>;
  findGroupByExternalId(appId: string, idpId: string, externalId: string): Promise<GroupRecord | null>;
  listGroups(appId: string, page: DirectoryPage): Promise<GroupRecord[]>;
  countMembers(appId: string, groupId: string): Promise<number>;
  listMembers(appId: string, groupId: string, after: string, limit: number): Promise<UserRecord[]>;
  setMembership(appId: string, groupId: string, userId: string, isMember: boolean): Promise<void>;
  deleteGroup(appId: string, id: string): Promise<GroupRecord | null>;

  insertVaultSession(session: VaultSessionRecord): Promise<void>;
  findVaultSession(tokenHash: string): Promise<VaultSessionRecord | null>;
  findVaultSessionById(appId: string, id: string): Promise<VaultSessionRecord | null>;
  /** Keeps the first revocation time. */
  revokeVaultSession(appId: string, id: string, at: number): Promise<VaultSessionRecord | null>;
  forgetVaultSessions(expiredBefore: number, limit: number): Promise<number>;
}
