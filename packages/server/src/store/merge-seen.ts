import type { SeenUser } from "./identity-records.ts";

/** What is known of a user, and since when. */
interface Known {
  readonly email: string | null;
  readonly name: string | null;
  readonly user_name: string | null;
  readonly last_seen_at: number | null;
  readonly said_at: number;
}

/**
 * What is known of a user after something was said of them. What was said before what is known says nothing new; that
 * somebody signed in is true all the same, and a notice that came late may still shut out, never let in.
 */
export function mergeSeen(known: Known, wasActive: boolean, seen: SeenUser): Known & { readonly active: boolean } {
  const last_seen_at = seen.source === "token" ? seen.at : known.last_seen_at;
  if (seen.saidAt < known.said_at) {
    const { email, name, user_name, said_at } = known;
    return { email, name, user_name, said_at, last_seen_at, active: wasActive && seen.active !== false };
  }
  return {
    email: seen.email === undefined ? known.email : seen.email,
    name: seen.name === undefined ? known.name : seen.name,
    user_name: seen.userName === undefined ? known.user_name : seen.userName,
    last_seen_at,
    said_at: seen.saidAt,
    active: seen.active ?? wasActive,
  };
}
