import { textAt } from "./resolve-pointer.ts";
import type { Provider } from "./schema.ts";

/** Whose account was connected. `id` is the same for the same account, always; `account` and `name` are for people. */
export type ReadIdentity =
  | {
      readonly ok: true;
      readonly id: string;
      readonly account?: string;
      readonly name?: string;
      readonly tenant?: string;
    }
  | { readonly ok: false; readonly detail: string };

/**
 * Reads the account from the answer that `identity.from` names: the token answer, the id token's claims (verified before),
 * or the identity call's answer. Fails when a needed part of the id is missing: half an id would mix up accounts.
 */
export function readIdentity(provider: Pick<Provider, "identity">, document: unknown): ReadIdentity {
  const { identity } = provider;
  const parts: string[] = [];
  for (const part of identity.id) {
    const { at, optional } = typeof part === "string" ? { at: part, optional: false } : part;
    const value = textAt(document, at);
    if (value === undefined && !optional) return { ok: false, detail: `the answer has no ${at}` };
    parts.push(encodeURIComponent(value ?? ""));
  }
  const read = (key: "account" | "name" | "tenant"): Record<string, string> => {
    const value = identity[key] === undefined ? undefined : textAt(document, identity[key]);
    return value === undefined ? {} : { [key]: value };
  };
  return { ok: true, id: parts.join("/"), ...read("account"), ...read("name"), ...read("tenant") };
}
