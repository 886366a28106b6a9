/**
 * Where the store keeps something of one user, in the order it is deleted in: what is found by way of another table goes
 * first. `app` and `user` stand for the placeholders of the driver; `owner` reads a user id out of JSON, as it can.
 */
export interface UserPlace {
  readonly table: string;
  readonly where: (sql: UserPlaceSql) => string;
  /** Under which name it is counted; without one it belongs to something that is. */
  readonly counted?: keyof UserHoldings;
  /** What its rows of one user are told apart by. Default: id. */
  readonly key?: string;
}

export interface UserPlaceSql {
  readonly app: string;
  readonly user: string;
  readonly sessionOwner: string;
}

/** How much the vault keeps of one user. */
export interface UserHoldings {
  readonly grants: number;
  readonly credentials: number;
  readonly delegations: number;
  readonly sessions: number;
  readonly connect_sessions: number;
  readonly approvals: number;
  readonly tool_calls: number;
  readonly groups: number;
  readonly keys: number;
}

const approvals = ({ app, user }: UserPlaceSql): string =>
  `app_id = ${app} AND (owner_id = ${user} OR user_id = ${user})`;
const byApproval =
  (column: string) =>
  (sql: UserPlaceSql): string =>
    `${column} IN (SELECT id FROM approvals WHERE ${approvals(sql)})`;
const ofUser = ({ app, user }: UserPlaceSql): string => `app_id = ${app} AND user_id = ${user}`;
const connectSessions = ({ app, user, sessionOwner }: UserPlaceSql): string =>
  `app_id = ${app} AND ${sessionOwner} = ${user}`;

export const USER_PLACES: readonly UserPlace[] = [
  { table: "approval_votes", where: byApproval("approval_id") },
  {
    table: "approval_links",
    where: (sql) =>
      `app_id = ${sql.app} AND (${byApproval("approval_id")(sql)} OR decides_as = '{"userId":"' || ${sql.user} || '"}')`,
  },
  { table: "approval_calls", where: byApproval("id") },
  { table: "approval_results", where: byApproval("id") },
  { table: "approvals", where: approvals, counted: "approvals" },
  { table: "tool_call_answers", where: (sql) => `id IN (SELECT id FROM tool_calls WHERE ${ofUser(sql)})` },
  { table: "tool_calls", where: ofUser, counted: "tool_calls" },
  { table: "delegations", where: ofUser, counted: "delegations" },
  { table: "vault_sessions", where: ofUser, counted: "sessions" },
  {
    table: "connect_attempts",
    where: (sql) => `session_id IN (SELECT id FROM connect_sessions WHERE ${connectSessions(sql)})`,
  },
  { table: "connect_sessions", where: connectSessions, counted: "connect_sessions" },
  { table: "oauth_credentials", where: ofUser, counted: "credentials" },
  {
    table: "grants",
    where: ({ app, user }) => `app_id = ${app} AND principal_type = 'user' AND principal_id = ${user}`,
    counted: "grants",
  },
  { table: "memberships", where: ofUser, counted: "groups", key: "group_id" },
  { table: "user_keys", where: ofUser, counted: "keys" },
];

/** What a driver sends: the first two values are app and user. */
export interface ErasureSql {
  /** All that is left of a user: that there was one of this id, and that they were erased. */
  readonly emptyUser: string;
  /** In this order, after that. */
  readonly erase: readonly { readonly sql: string; readonly counted: keyof UserHoldings | undefined }[];
  readonly counts: readonly { readonly sql: string; readonly counted: keyof UserHoldings }[];
  /** A page of one kind: the third and fourth value are where it begins, and how many. */
  read(kind: keyof UserHoldings): { readonly sql: string; readonly key: string };
}

export function erasureSql(dialect: UserPlaceSql, after: string, limit: string): ErasureSql {
  const { app, user } = dialect;
  // Of somebody who said yes or no to calls of others it stays that they did, not in which words.
  const voted = `SELECT approval_id FROM approval_votes JOIN approvals ON approvals.id = approval_id
    WHERE approvals.app_id = ${app} AND approver = 'user ' || ${user}`;
  return {
    emptyUser: `UPDATE users SET subject = 'erased ' || id, email = NULL, name = NULL, user_name = NULL,
      user_name_key = NULL, last_seen_at = NULL, status = 'erased' WHERE app_id = ${app} AND id = ${user}`,
    erase: [
      ...USER_PLACES.map(({ table, where, counted }) => ({
        sql: `DELETE FROM ${table} WHERE ${where(dialect)}`,
        counted,
      })),
      {
        sql: `UPDATE approvals SET decision_reason = NULL WHERE app_id = ${app} AND id IN (${voted})`,
        counted: undefined,
      },
      {
        sql: `UPDATE approval_votes SET reason = NULL WHERE approver = 'user ' || ${user} AND approval_id IN (${voted})`,
        counted: undefined,
      },
    ],
    counts: USER_PLACES.flatMap(({ table, where, counted }) =>
      counted ? [{ sql: `SELECT count(*) AS n FROM ${table} WHERE ${where(dialect)}`, counted }] : [],
    ),
    read(kind) {
      const place = USER_PLACES.find(({ counted }) => counted === kind);
      if (!place) throw new Error(`nothing is kept as ${kind}`);
      const { table, where, key = "id" } = place;
      const page = `${key} > ${after} ORDER BY ${key} LIMIT ${limit}`;
      return { sql: `SELECT * FROM ${table} WHERE ${where(dialect)} AND ${page}`, key };
    },
  };
}

/** Adds up what was counted of each kind. */
export function holdings(
  counted: readonly { readonly counted: keyof UserHoldings | undefined; readonly n: number }[],
): UserHoldings {
  const sum: Record<keyof UserHoldings, number> = {
    grants: 0,
    credentials: 0,
    delegations: 0,
    sessions: 0,
    connect_sessions: 0,
    approvals: 0,
    tool_calls: 0,
    groups: 0,
    keys: 0,
  };
  for (const { counted: kind, n } of counted) if (kind) sum[kind] += n;
  return sum;
}

export interface ErasureStore {
  /** What is kept of a user in one of the counted places, as it is stored, by its key. */
  readUserRecords(
    appId: string,
    userId: string,
    kind: keyof UserHoldings,
    after: string,
    limit: number,
  ): Promise<{ readonly key: string; readonly record: Readonly<Record<string, unknown>> }[]>;
  countUserHoldings(appId: string, userId: string): Promise<UserHoldings>;
  /**
   * Deletes all there is of a user, with their keys, in one write; their id stays, as that of somebody who was erased.
   * Doing it again deletes what came in between. Null when there is no such user.
   */
  eraseUser(appId: string, userId: string): Promise<UserHoldings | null>;
}
