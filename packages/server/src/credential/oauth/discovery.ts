import { resolvePointer, textAt } from "@alter-vault/providers";
import { jsonOf, type Ask } from "../../egress/ask.ts";
import { captureVariables, fill, type ProviderClient, type Variables } from "./provider-client.ts";

/** What an issuer says about itself (OpenID Connect Discovery 1.0, RFC 8414). */
export interface Issuer {
  readonly issuer: string;
  /** RFC 9207: its callbacks carry `iss`. */
  readonly namesItself: boolean;
  readonly variables: Variables;
}

export type Discovered =
  | { readonly ok: true; readonly issuer: Issuer | null }
  | { readonly ok: false; readonly transient: boolean; readonly detail: string };

export type Discover = (client: ProviderClient, variables: Variables) => Promise<Discovered>;

const KEPT_MS = 10 * 60_000;
const MOST_KEPT = 500;
const WELL_KNOWN = "/.well-known/openid-configuration";

/** Asks issuers, and remembers what they said for ten minutes. Answers `issuer: null` for entries without discovery. */
export function createDiscover(ask: Ask, now: () => number): Discover {
  const kept = new Map<string, { readonly until: number; readonly document: unknown }>();

  async function documentAt(url: string): Promise<{ ok: true; document: unknown } | (Discovered & { ok: false })> {
    const known = kept.get(url);
    if (known && known.until > now()) return { ok: true, document: known.document };
    const asked = await ask({ method: "GET", url, headers: { accept: "application/json" }, body: null });
    if (!asked.ok) return { ok: false, transient: true, detail: asked.detail };
    const document = asked.answer.status === 200 ? jsonOf(asked.answer) : undefined;
    if (typeof document !== "object" || document === null) {
      return { ok: false, transient: asked.answer.status >= 500, detail: "the issuer has no discovery document" };
    }
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(url, { until: now() + KEPT_MS, document });
    return { ok: true, document };
  }

  return async (client, variables) => {
    const { discovery } = client.provider;
    if (discovery === undefined) return { ok: true, issuer: null };
    const url = fill(client, discovery, variables);
    if (!url.ok) return { ok: false, transient: false, detail: url.detail };
    const found = await documentAt(url.text);
    if (!found.ok) return found;
    const issuer = textAt(found.document, "/issuer") ?? "";
    // 4.3: the document must be about the issuer it was asked of, or anybody could speak for anybody.
    const expected = url.text.endsWith(WELL_KNOWN) ? url.text.slice(0, -WELL_KNOWN.length) : null;
    if (expected !== null && withoutSlash(issuer) !== withoutSlash(expected)) {
      return { ok: false, transient: false, detail: "the discovery document is about another issuer" };
    }
    const captured = captureVariables(client, "discovery", (at) => textAt(found.document, at));
    if (!captured.ok) return { ok: false, transient: false, detail: captured.detail };
    const namesItself = resolvePointer(found.document, "/authorization_response_iss_parameter_supported") === true;
    return { ok: true, issuer: { issuer, namesItself, variables: captured.variables } };
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, "");
}
