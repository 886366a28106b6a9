/**
 * Step 4a of a request: put the credential into the call. Given how (the rule), what (the opened secret) and where to
 * (the outbound call), this folder says which headers and which URL go out. It sends nothing, reads no clock and keeps
 * nothing: the same input gives the same output.
 *
 * The invariant: **what is injected always wins.** Whatever the caller put under the same header name (any case) or the
 * same decoded query name is taken out, every occurrence of it, before the credential goes in.
 *
 * It trusts that the target's host may see this credential, and that the caller's headers are well-formed and free of
 * names a caller may not set; both are checked before a secret is opened. It trusts the stored rule and value for
 * nothing: they are checked again here, and a pair that does not fit, a header that a proxy or the connection owns, and
 * a value with a control character are refused. No `detail` or `message` holds any part of a value.
 */
import type { ErrorCode, InjectionRule, ProxyMethod, SecretMaterial } from "@alter-vault/protocol";
import { prepareApiKey } from "./api-key.ts";
import { prepareBasic } from "./basic.ts";
import { prepareBearer } from "./bearer.ts";
import { prepareCustom } from "./custom.ts";
import type { Issue, Prepared } from "./prepared.ts";
import { prepareSigV4 } from "./sigv4/sigv4.ts";

/** The call as the caller wants it, already checked. */
export interface Outbound {
  readonly method: ProxyMethod;
  /** Absolute, without user name and fragment. It is never changed; what comes out may hold the same one. */
  readonly url: URL;
  /** The caller's headers with lower-case names, in order; a name may come twice. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface InjectOptions {
  readonly nowMs: number;
  /** SHA-256 of the body in lower-case hex (of no bytes when there is no body); `null` when the body is streamed. */
  readonly bodySha256: string | null;
  /** What the caller says about an AWS call. Counts only where neither the rule nor the host name says it. */
  readonly sigv4?: { readonly region?: string | undefined; readonly service?: string | undefined } | undefined;
}

export type Injected =
  | {
      readonly ok: true;
      readonly url: URL;
      /** Everything to send besides what HTTP itself adds (`host`, lengths). */
      readonly headers: [string, string][];
      /** Lower-case names of the headers that were put in: to be dropped when a redirect leaves the origin. */
      readonly credentialHeaders: string[];
      /** Decoded names of the query parameters that were put in. */
      readonly credentialQuery: string[];
      /** Every string that must not appear in what the caller gets back. May hold short ones. */
      readonly secrets: string[];
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

/**
 * The call with the credential in it.
 *
 * Fails with `credential_unreadable` when rule and value do not fit each other (see {@link checkSecret}), and with
 * `invalid_request` when an AWS call cannot be signed as it is: region or service unknown, body not hashable, or a
 * payload mode that needs the key.
 */
export function inject(
  rule: InjectionRule,
  material: SecretMaterial,
  outbound: Outbound,
  options: InjectOptions,
): Injected {
  const prepared = prepare(rule, material);
  if (prepared.ok) return prepared.apply(outbound, options);
  const what = prepared.issues.map((issue) => `${issue.path}: ${issue.message}`).join("; ");
  return { ok: false, code: "credential_unreadable", detail: `The stored secret cannot be used. ${what}` };
}

/** Checks a rule and a value against each other when a secret is stored; finds what would make every call fail. */
export function checkSecret(
  rule: InjectionRule,
  material: SecretMaterial,
): { ok: true } | { ok: false; issues: Issue[] } {
  const prepared = prepare(rule, material);
  return prepared.ok ? { ok: true } : { ok: false, issues: prepared.issues };
}

function prepare(rule: InjectionRule, material: SecretMaterial): Prepared {
  switch (rule.kind) {
    case "bearer":
      return material.kind === "bearer" ? prepareBearer(material) : mismatch(rule, material);
    case "api-key":
      return material.kind === "api-key" ? prepareApiKey(rule, material) : mismatch(rule, material);
    case "basic":
      return material.kind === "basic" ? prepareBasic(material) : mismatch(rule, material);
    case "custom":
      return material.kind === "custom" ? prepareCustom(rule, material) : mismatch(rule, material);
    case "sigv4":
      return material.kind === "sigv4" ? prepareSigV4(rule, material) : mismatch(rule, material);
  }
}

function mismatch(rule: InjectionRule, material: SecretMaterial): Prepared {
  const message = `is of kind "${material.kind}", but the injection is of kind "${rule.kind}"`;
  return { ok: false, issues: [{ path: "value.kind", message }] };
}
