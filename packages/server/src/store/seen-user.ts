import type { SeenUser, UserRecord } from "./identity-records.ts";

/** A user as stores keep them: `status` is the operator's word alone. */
export interface StoredUser extends UserRecord {
  /** Since when what is known of profile and groups is true. */
  readonly saidAt: number;
}

/** What counts: the stricter of the operator's word and the directory's. */
export function userFromStored({ saidAt: _saidAt, ...user }: StoredUser): UserRecord {
  const isShutOut = user.status === "active" && !user.activeInDirectory;
  return isShutOut ? { ...user, status: "suspended" } : user;
}

/** SCIM user names are the same in upper and lower case. */
export const nameKey = (userName: string | null): string | null => userName && userName.toLowerCase();

export const newUser = (appId: string, idpId: string, { newId, subject, at }: SeenUser): StoredUser => ({
  id: newId,
  appId,
  idpId,
  subject,
  email: null,
  name: null,
  status: "active",
  activeInDirectory: true,
  userName: null,
  createdAt: at,
  lastSeenAt: null,
  saidAt: 0,
});

/** What was said before what is known says nothing new. That somebody signed in is true all the same. */
export function mergeSeen(known: StoredUser, seen: SeenUser): StoredUser {
  const lastSeenAt = seen.source === "token" ? seen.at : known.lastSeenAt;
  if (seen.saidAt < known.saidAt) {
    // A notice that came late may still shut out, never let in.
    return { ...known, lastSeenAt, activeInDirectory: known.activeInDirectory && seen.active !== false };
  }
  return {
    ...known,
    email: seen.email === undefined ? known.email : seen.email,
    name: seen.name === undefined ? known.name : seen.name,
    userName: seen.userName === undefined ? known.userName : seen.userName,
    activeInDirectory: seen.active ?? known.activeInDirectory,
    lastSeenAt,
    saidAt: seen.saidAt,
  };
}
