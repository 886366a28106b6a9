import { sealedWith, type SealContext } from "../crypto/envelope.ts";
import type { SealedRecord } from "./store.ts";

const OF_APPROVAL = "SELECT owner_id FROM approvals WHERE approvals.id";

/**
 * Where sealed columns are: the kind is the first part of `SealContext.record` and of the cursor. `owner` is the SQL for
 * the user whose the value is; without it all there are the app's.
 */
export const SEALED_PLACES: readonly SealedPlace[] = [
  { kind: "user_key", table: "user_keys", column: "sealed_key", field: "key" },
  { kind: "api_key", table: "api_keys", column: "sealed_signing_key", field: "signing_key" },
  { kind: "secret", table: "secrets", column: "sealed_value", field: "value" },
  { kind: "oauth_credential", table: "oauth_credentials", column: "sealed_tokens", field: "tokens", owner: "user_id" },
  { kind: "provider_config", table: "provider_configs", column: "sealed_client", field: "client" },
  { kind: "identity_provider", table: "identity_providers", column: "sealed_secrets", field: "secrets" },
  { kind: "connect_attempt", table: "connect_attempts", column: "sealed_secrets", field: "secrets" },
  {
    kind: "approval_call",
    table: "approval_calls",
    column: "sealed",
    field: "call",
    owner: `(${OF_APPROVAL} = approval_calls.id)`,
  },
  {
    kind: "approval_result",
    table: "approval_results",
    column: "sealed",
    field: "result",
    owner: `(${OF_APPROVAL} = approval_results.id)`,
  },
  {
    kind: "tool_call",
    table: "tool_call_answers",
    column: "sealed",
    field: "answer",
    owner: "(SELECT user_id FROM tool_calls WHERE tool_calls.id = tool_call_answers.id)",
  },
];

export interface SealedPlace {
  readonly kind: string;
  readonly table: string;
  readonly column: string;
  readonly field: string;
  readonly owner?: string;
}

/** What is read of a place, as a {@link SealedRow}. */
export const sealedColumns = ({ column, owner = "NULL" }: SealedPlace): string =>
  `id, app_id, ${column} AS sealed, ${owner} AS user_id`;

/** A row as the drivers read it from a place. */
export interface SealedRow {
  readonly id: string;
  readonly app_id: string;
  readonly sealed: Uint8Array;
  readonly user_id: string | null;
}

/** Where a record is sealed, and its id there. Throws when nothing is sealed at such a place. */
export function placeOf(context: SealContext): { place: SealedPlace; id: string } {
  const [kind, id = ""] = context.record.split(":");
  const place = SEALED_PLACES.find((candidate) => candidate.kind === kind && candidate.field === context.field);
  if (!place) throw new Error(`nothing is sealed at ${context.record}`);
  return { place, id };
}

/** Where a walk over all places goes on. Null: it is over. */
export function placeAfter(cursor: string): { place: SealedPlace; lastId: string } | null {
  const [kind = SEALED_PLACES[0]?.kind, lastId = ""] = cursor === "" ? [] : cursor.split(":");
  const place = SEALED_PLACES.find((candidate) => candidate.kind === kind);
  return place ? { place, lastId } : null;
}

/** A page of the walk, and its next cursor. */
export function sealedPage(
  place: SealedPlace,
  rows: readonly SealedRow[],
  limit: number,
): { records: SealedRecord[]; next: string | null } {
  const records = rows.map((row) => ({
    context: { appId: row.app_id, record: `${place.kind}:${row.id}`, field: place.field, userId: row.user_id },
    sealed: row.sealed,
  }));
  const last = rows.at(-1);
  if (last && rows.length === limit) return { records, next: `${place.kind}:${last.id}` };
  const following = SEALED_PLACES[SEALED_PLACES.indexOf(place) + 1];
  return { records, next: following ? `${following.kind}:` : null };
}

/** How values are counted: by their first 17 bytes, version and key; those of users, of which there are many, by version. */
export const sealedHead = ({ column }: SealedPlace, ofUser: string): string =>
  `CASE WHEN substr(${column}, 1, 1) = ${ofUser} THEN ${ofUser} ELSE substr(${column}, 1, 17) END`;

/** Sums up how many values have which head. */
export function countByKey(counts: readonly { readonly head: Uint8Array; readonly n: number }[]): {
  total: number;
  byKey: Map<string, number>;
} {
  const byKey = new Map<string, number>();
  let total = 0;
  for (const { head, n } of counts) {
    total += n;
    if (head.length === 1) continue;
    const id = sealedWith(head);
    byKey.set(id, (byKey.get(id) ?? 0) + n);
  }
  return { total, byKey };
}
