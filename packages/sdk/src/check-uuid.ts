import { UUID_PATTERN } from "@alter-vault/protocol";
import { AlterValueError } from "./errors.ts";

/** An id of the vault's own, as the wire has it. */
export function checkUuid(name: string, value: unknown): string {
  const id = typeof value === "string" ? value.toLowerCase() : "";
  if (UUID_PATTERN.test(id)) return id;
  throw new AlterValueError(`"${name}" must be a UUID.`);
}
