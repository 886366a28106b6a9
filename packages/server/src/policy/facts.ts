import type { ProxyMethod } from "@alter-vault/protocol";
import type { BodyFacts } from "./facts/body.ts";

export type Access = "read" | "write" | "destructive";

/**
 * All that a rule may know of a call, as plain data. Whoever makes it has read everything once and in one way; what can be
 * read in several ways is null here, and a rule that looks at it cannot be evaluated, which denies.
 */
export interface PolicyFacts {
  readonly appId: string;
  /** By its one name. */
  readonly provider: string;
  readonly grantId: string;
  readonly secretId: string | null;
  /** What the agent is known by: its id and its name. Empty: none. */
  readonly agents: readonly string[];
  readonly userId: string | null;
  /** What the groups of the user are known by: ids, names, ids at the identity provider. */
  readonly groups: readonly string[];
  readonly mode: "proxy" | "retrieve";
  /** Null: something in the call may make another method of it. */
  readonly method: ProxyMethod | null;
  /** In lower case, without port. */
  readonly host: string;
  readonly port: number;
  /** Decoded segments. Null: a server may read the path in another way. */
  readonly path: readonly string[] | null;
  /** The same for a server that is generous: see `foldPath`. */
  readonly foldedPath: readonly string[] | null;
  /** Decoded pairs, in their order. */
  readonly query: readonly (readonly [string, string])[] | null;
  readonly body: BodyFacts;
  /** `google.gmail.messages.send`. Null: the catalogue does not name the call. */
  readonly operation: string | null;
  /** The one that a generous server takes it for, which is the same where there is one. */
  readonly foldedOperation: string | null;
  /** What the call may do; several where the catalogue does not say. */
  readonly access: readonly Access[];
  /** What was granted with the account. */
  readonly scopes: readonly string[];
  /** Null: not known. */
  readonly sourceIp: string | null;
  readonly nowMs: number;
  readonly grantCreatedAtMs: number;
  /** What the caller says; nobody has checked it. */
  readonly claims: Readonly<Record<string, string>>;
}
