import { resolvePointer, textAt } from "@alter-vault/providers";
import { IDP_ALGORITHMS, type IdentityProviderPreview, type IDP_PRESETS } from "@alter-vault/protocol";
import type { Failure } from "../call.ts";
import { jsonOf, type Ask } from "../egress/ask.ts";
import { presetOf, recognisePreset } from "./idp-presets.ts";

/** What an issuer says about itself (OpenID Connect Discovery 1.0), looked at before it is trusted. Stores nothing. */
export async function discoverIdp(
  ask: Ask,
  issuer: string,
  preset?: (typeof IDP_PRESETS)[number],
): Promise<{ readonly ok: true; readonly preview: IdentityProviderPreview } | Failure> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await read(ask, url);
  if (!document.ok) return document;
  // Letter by letter: tokens name the issuer as the document does.
  const named = textAt(document.json, "/issuer");
  if (named !== issuer) {
    return invalid(
      named === undefined
        ? "its document names no issuer"
        : "its document is about another issuer; mind the slash at the end",
    );
  }
  const jwksUrl = textAt(document.json, "/jwks_uri");
  if (jwksUrl === undefined) return invalid("its document names no keys");
  const keys = await read(ask, jwksUrl);
  if (!keys.ok) return keys;
  const list = resolvePointer(keys.json, "/keys");
  if (!Array.isArray(list) || list.length === 0) return invalid("it publishes no keys");
  const chosen = preset === undefined ? recognisePreset(issuer) : presetOf(preset);
  return {
    ok: true,
    preview: {
      issuer,
      preset: chosen.id,
      jwks_url: jwksUrl,
      keys: list.length,
      algorithms: algorithmsOf(document.json, list),
      claims: chosen.claims,
      authorization_endpoint: textAt(document.json, "/authorization_endpoint") ?? null,
      token_endpoint: textAt(document.json, "/token_endpoint") ?? null,
      notes: [...chosen.notes],
    },
  };
}

async function read(ask: Ask, url: string): Promise<{ readonly ok: true; readonly json: unknown } | Failure> {
  const asked = await ask({ method: "GET", url, headers: { accept: "application/json" }, body: null });
  // The code of a refused address is told as it is; everything else is about the issuer.
  if (!asked.ok) return { ok: false, code: asked.code, detail: asked.detail };
  if (asked.answer.status !== 200) return invalid(`${new URL(url).pathname} answers ${asked.answer.status}`);
  const json = jsonOf(asked.answer);
  return typeof json === "object" && json !== null ? { ok: true, json } : invalid("its document is not JSON");
}

type Algorithm = (typeof IDP_ALGORITHMS)[number];

/** Those of its keys, or those it says it signs with; RS256 when it says nothing usable. */
function algorithmsOf(document: unknown, keys: readonly unknown[]): Algorithm[] {
  const named = [
    ...keys.map((key) => textAt(key, "/alg")),
    ...[resolvePointer(document, "/id_token_signing_alg_values_supported")].flat(),
  ];
  const usable = IDP_ALGORITHMS.filter((algorithm) => named.includes(algorithm));
  return usable.length > 0 ? [...usable] : ["RS256"];
}

function invalid(detail: string): Failure {
  return { ok: false, code: "identity_provider_invalid", detail: `the issuer cannot be used: ${detail}` };
}
