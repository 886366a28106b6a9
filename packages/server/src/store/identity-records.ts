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
  /** What is shared with it, sealed; see `identity/idp-secrets.ts`. */
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
  /** What counts: suspended by the operator or by the directory, or deleted by either. Of an erased one only the id is left. */
  readonly status: "active" | "suspended" | "deleted" | "erased";
  /** The directory's own word. What the operator suspended it cannot bring back, and the other way round. */
  readonly activeInDirectory: boolean;
  /** By which the directory knows them (SCIM); null: it never said. */
  readonly userName: string | null;
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

/** Tokens say which groups somebody is in, and so do directories. Neither takes away what only the other said. */
export type MembershipSource = "token" | "directory";

/** What an identity provider says of a user, by a token, a webhook or SCIM. Undefined leaves what is known. */
export interface SeenUser {
  /** Of the record, if it is a new one. */
  readonly newId: string;
  readonly subject: string;
  readonly email?: string | null;
  readonly name?: string | null;
  readonly userName?: string | null;
  readonly active?: boolean;
  /** External ids, with names where they are known. All memberships of this source, or undefined: nothing is said. */
  readonly groups?: readonly { readonly newId: string; readonly externalId: string; readonly name?: string }[];
  readonly source: MembershipSource;
  readonly at: number;
  /** When it was said. What is older than what is known changes nothing. */
  readonly saidAt: number;
}

export interface DirectoryPage {
  readonly idpId: string | null;
  readonly after: string;
  readonly limit: number;
  /** For SCIM, whose clients count. Default: 0. */
  readonly skip?: number;
  /** Without users who were deleted or erased. Default: with them. */
  readonly livingOnly?: boolean;
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

export interface IdentityStore extends IdpStore, UserStore, GroupStore, VaultSessionStore {}

export interface IdpStore {
  /** False when the app has an identity provider of that issuer. */
  insertIdp(idp: IdpRecord): Promise<boolean>;
  findIdp(appId: string, id: string): Promise<IdpRecord | null>;
  /** By its id alone: how a webhook or SCIM call is found before it has shown what app it is for. */
  findIdpById(id: string): Promise<IdpRecord | null>;
  findIdpByIssuer(appId: string, issuer: string): Promise<IdpRecord | null>;
  listIdps(appId: string): Promise<IdpRecord[]>;
  /**
   * Everything but id, app, issuer and creation time, if it is still as it was at `before`. Null when there is none, or
   * when somebody else changed it meanwhile.
   */
  updateIdp(idp: IdpRecord, before: number): Promise<IdpRecord | null>;
  /** With its groups and memberships, in one write. */
  deleteIdp(appId: string, id: string): Promise<IdpRecord | null>;
  /** Whether a notice of an identity provider was worked through already, and that it is from now on. */
  hasNotice(appId: string, idpId: string, notice: string): Promise<boolean>;
  putNotice(appId: string, idpId: string, notice: string, expiresAt: number): Promise<void>;
  /** Returns how many were deleted. */
  forgetNotices(expiredBefore: number, limit: number): Promise<number>;
  /** Whether anybody has signed in by it. */
  hasUsers(appId: string, idpId: string): Promise<boolean>;
}

export interface UserStore {
  /**
   * Makes or updates the user, and brings the memberships of the source to what is said, in one write. A deleted user
   * stays as they are. Null when the user name is another user's.
   */
  seeUser(appId: string, idpId: string, seen: SeenUser): Promise<UserWithGroups | null>;
  findUser(appId: string, id: string): Promise<UserWithGroups | null>;
  findUserBySubject(appId: string, idpId: string, subject: string): Promise<UserWithGroups | null>;
  /** Without regard to upper and lower case. */
  findUserByName(appId: string, idpId: string, userName: string): Promise<UserWithGroups | null>;
  listUsers(appId: string, page: DirectoryPage): Promise<UserWithGroups[]>;
  /** Without those who were deleted. */
  countUsers(appId: string, idpId: string): Promise<number>;
  /** The operator's word. Deleted is for good, gives the user name free and ends all memberships. */
  setUserStatus(
    appId: string,
    id: string,
    status: Exclude<UserRecord["status"], "erased">,
  ): Promise<UserWithGroups | null>;
}

export interface GroupStore {
  /** Makes the group, or gives it a new name. */
  putGroup(group: GroupRecord): Promise<GroupRecord>;
  findGroup(appId: string, id: string): Promise<GroupRecord | null>;
  findGroupByExternalId(appId: string, idpId: string, externalId: string): Promise<GroupRecord | null>;
  /** By its name; the oldest, when several have it. */
  findGroupByName(appId: string, idpId: string, name: string): Promise<GroupRecord | null>;
  listGroups(appId: string, page: DirectoryPage): Promise<GroupRecord[]>;
  countGroups(appId: string, idpId: string): Promise<number>;
  countMembers(appId: string, groupId: string): Promise<number>;
  listMembers(appId: string, groupId: string, after: string, limit: number): Promise<UserRecord[]>;
  /** The directory's word: who is taken out is out, whatever tokens said before `at`. */
  setMembership(appId: string, groupId: string, userId: string, isMember: boolean, at: number): Promise<void>;
  deleteGroup(appId: string, id: string): Promise<GroupRecord | null>;
}

export interface VaultSessionStore {
  insertVaultSession(session: VaultSessionRecord): Promise<void>;
  findVaultSession(tokenHash: string): Promise<VaultSessionRecord | null>;
  findVaultSessionById(appId: string, id: string): Promise<VaultSessionRecord | null>;
  /** Keeps the first revocation time. */
  revokeVaultSession(appId: string, id: string, at: number): Promise<VaultSessionRecord | null>;
  forgetVaultSessions(expiredBefore: number, limit: number): Promise<number>;
}
