import type { GrantData } from "@alter-vault/protocol";
import { z } from "zod";
import { withinTime } from "../../time-limit.ts";
import type { SchemaIssue } from "./grant-schema.ts";

/** What may be kept with a grant, as JSON. */
const MAX_DATA_BYTES = 64 * 1024;
/** For patterns that somebody wrote without thinking of long texts. */
const CHECK_MS = 100;

/**
 * Everything that is wrong with the data of a grant, by the schema of the provider's configuration (null: any object).
 * The schema is one that `checkGrantSchema` accepted. What it says never repeats a value.
 */
export function checkGrantData(schema: Readonly<Record<string, unknown>> | null, data: GrantData): SchemaIssue[] {
  if (Buffer.byteLength(JSON.stringify(data)) > MAX_DATA_BYTES) {
    return [{ path: "data", message: `is longer than ${MAX_DATA_BYTES} bytes` }];
  }
  if (schema === null) return [];
  // A registry of its own: the shared one would remember each schema.
  const check = z.fromJSONSchema(schema, { registry: z.registry() });
  const checked = withinTime(CHECK_MS, () => check.safeParse(data, { jitless: true }));
  if (!checked.ok) return [{ path: "data", message: "takes too long to check; simplify the patterns of the schema" }];
  const { error } = checked.value;
  return (error?.issues ?? []).map(({ path, message }) => ({ path: ["data", ...path].join("."), message }));
}
