import type { Nonce } from "../log-records.ts";
import type { Queries } from "./database.ts";

/** Whether a nonce was used, by its time, key and text as the first three values of a statement. */
export const NONCE_USED =
  "EXISTS (SELECT FROM nonces WHERE created = $1::bigint AND key_id = $2::text AND nonce = $3::text)";

export async function nonceUsed(queries: Queries, { created, keyId, nonce }: Nonce): Promise<boolean> {
  return (await queries.get<{ used: boolean }>(`SELECT ${NONCE_USED} AS used`, created, keyId, nonce))?.used ?? false;
}
