/**
 * AWS Signature Version 4, in the `Authorization` header, as the AWS documentation describes it ("Create a signed AWS
 * API request", and "Authenticating Requests: Using the Authorization Header" of the S3 API reference). The keys sign
 * the call and go nowhere: what leaves is a signature that is good for this call and for some minutes.
 *
 * It trusts the rule before the host name, and the host name before the caller: a caller names region and service only
 * for hosts that do not. It refuses calls for which either is unknown, bodies that would have to be hashed but are
 * streamed, and payload modes in which the sender signs every chunk, because the sender has no key.
 *
 * `host` is part of the signature, so the call must go out with the host name of `url`; `content-length` is not.
 */
import type { InjectionRule, SecretMaterial } from "@alter-vault/protocol";
import type { InjectOptions, Injected, Outbound } from "../inject.ts";
import { headerValueIssue } from "../injectable-header.ts";
import { unique, withoutHeaders } from "../overlay.ts";
import type { Issue, Prepared } from "../prepared.ts";
import { canonicalPath, canonicalS3Path } from "./canonical-path.ts";
import { canonicalQuery } from "./canonical-query.ts";
import { payloadHash } from "./payload-hash.ts";
import { isScopeName, signingScope } from "./signing-scope.ts";
import { isS3 } from "./service-names.ts";
import { signRequest } from "./sign-request.ts";
import { wireS3Path, wireUrl } from "./wire-url.ts";

type Rule = Extract<InjectionRule, { kind: "sigv4" }>;
type Material = Extract<SecretMaterial, { kind: "sigv4" }>;

/** Set by us or by nobody. x-amz-s3session-token is the session credential of S3 Express. */
const REPLACED: ReadonlySet<string> = new Set([
  "authorization",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-s3session-token",
  "x-amz-security-token",
]);

/** Rule and keys, checked, ready to sign any number of calls. */
export function prepareSigV4(rule: Rule, material: Material): Prepared {
  const issues: Issue[] = [];
  check("injection.region", rule.region === undefined || isScopeName(rule.region) ? null : "is not a region name");
  check("injection.service", rule.service === undefined || isScopeName(rule.service) ? null : "is not a service name");
  // These characters have a meaning inside the Authorization header.
  const broken = /[\s/,=]/.test(material.access_key_id)
    ? "holds white space, a slash, a comma or an equals sign"
    : null;
  check("value.access_key_id", headerValueIssue(material.access_key_id) ?? broken);
  check("value.secret_access_key", headerValueIssue(material.secret_access_key));
  if (material.session_token !== undefined) check("value.session_token", headerValueIssue(material.session_token));
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, apply: (outbound, options) => signed(rule, material, outbound, options) };

  function check(path: string, message: string | null): void {
    if (message !== null) issues.push({ path, message });
  }
}

function signed(rule: Rule, material: Material, outbound: Outbound, options: InjectOptions): Injected {
  const scope = signingScope(rule, outbound.url.hostname, options.sigv4 ?? {});
  if (!scope.ok) return { ok: false, code: "invalid_request", detail: scope.detail };
  const { region, service } = scope;
  const asked = outbound.headers.filter(([name]) => name.toLowerCase() === "x-amz-content-sha256");
  const payload = payloadHash(
    service,
    asked.map(([, value]) => value),
    options.bodySha256,
  );
  if (!payload.ok) return { ok: false, code: "invalid_request", detail: payload.detail };

  const url = wireUrl(outbound.url);
  if (isS3(service)) url.pathname = wireS3Path(url.pathname);
  const amzDate = new Date(options.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const kept = withoutHeaders(outbound.headers, REPLACED);
  const added: [string, string][] = [["x-amz-date", amzDate]];
  if (material.session_token !== undefined) added.push(["x-amz-security-token", material.session_token]);
  if (payload.inHeader) added.push(["x-amz-content-sha256", payload.hash]);

  const { authorization, signature } = signRequest({
    method: outbound.method,
    path: isS3(service) ? canonicalS3Path(url.pathname) : canonicalPath(url.pathname),
    query: canonicalQuery(url.search),
    headers: [["host", url.host], ...kept.filter(([name]) => isSigned(name)), ...added],
    payloadHash: payload.hash,
    amzDate,
    region,
    service,
    accessKeyId: material.access_key_id,
    secretAccessKey: material.secret_access_key,
  });
  added.push(["authorization", authorization]);
  return {
    ok: true,
    url,
    headers: [...kept, ...added],
    credentialHeaders: added.map(([name]) => name),
    credentialQuery: [],
    // The access key id is a name, not a secret. The signature is as good as the key for this one call.
    secrets: unique([material.secret_access_key, material.session_token ?? "", signature]),
  };
}

/**
 * What AWS demands (`host`, `content-type`, `x-amz-*`) and what its examples sign besides. Not more: whatever a proxy
 * or an HTTP client may change on the way (user-agent, connection, x-amzn-trace-id ...) would break the signature.
 */
function isSigned(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith("x-amz-") || ["content-md5", "content-type", "date", "range"].includes(lower);
}
