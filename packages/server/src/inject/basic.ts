import type { SecretMaterial } from "@alter-vault/protocol";
import { hasControl } from "./injectable-header.ts";
import { prepareParts } from "./overlay.ts";
import type { Issue, Prepared } from "./prepared.ts";

/** A password shorter than this is a filler ("x"), as with APIs that take their key as the user name. */
const SHORTEST_PASSWORD = 8;

/**
 * `Authorization: Basic <base64 of user:password>` (RFC 7617), in UTF-8, not normalised. Either part may be empty, not
 * both. The user name counts as secret only where the password cannot be the secret: many user names are plain words
 * that answers are full of.
 */
export function prepareBasic({ username, password }: Extract<SecretMaterial, { kind: "basic" }>): Prepared {
  const issues: Issue[] = [];
  if (username.includes(":")) issues.push({ path: "value.username", message: "holds a colon, which ends a user name" });
  if (!isText(username)) issues.push({ path: "value.username", message: "holds a control or broken character" });
  if (!isText(password)) issues.push({ path: "value.password", message: "holds a control or broken character" });
  if (username === "" && password === "") issues.push({ path: "value.password", message: "and user name are empty" });
  const encoded = Buffer.from(`${username}:${password}`, "utf8").toString("base64");
  return prepareParts(issues, {
    headers: [["authorization", `Basic ${encoded}`]],
    secrets: [encoded, password, ...(password.length < SHORTEST_PASSWORD ? [username] : [])],
  });
}

function isText(value: string): boolean {
  return !hasControl(value) && value.isWellFormed();
}
