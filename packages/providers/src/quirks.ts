import { placeholdersOf } from "./fill-template.ts";
import { urlsOf } from "./lint/urls-of.ts";
import type { Provider } from "./schema.ts";

/** The ways in which providers differ from the textbook; what the engine must be tested with. */
const RULES = {
  "scopes-separated-oddly": ({ authorize }) => authorize !== undefined && authorize.scopeSeparator !== " ",
  "client-auth-basic": ({ token }) => token.clientAuth === "basic",
  "client-auth-post": ({ token }) => token.clientAuth === "post",
  "token-body-json": ({ token }) => token.body === "json",
  "token-answer-form": ({ token }) => token.answer.encoding !== "json",
  "error-with-http-200": ({ errors }) => errors.inBand !== undefined,
  "expiry-not-said": ({ token, fixtures }) =>
    token.lifetimeSeconds !== null && token.answer.expiresAt === undefined && !saysExpiry(fixtures.token.json),
  "expiry-as-moment": ({ token }) => token.answer.expiresAt !== undefined || token.answer.expiresInUnit === "ms",
  "refresh-keeps-token": ({ refresh }) => refresh.supported && refresh.rotation !== "always",
  "refresh-rotates": ({ refresh }) => refresh.supported && refresh.rotation !== "never",
  "refresh-reuse-ends-grant": ({ refresh }) => refresh.supported && refresh.reuseEndsGrant,
  "refresh-token-ends": ({ refresh }) => refresh.supported && (refresh.idleSeconds ?? refresh.absoluteSeconds) !== null,
  "refresh-minimum-age": ({ refresh }) => refresh.supported && refresh.minAgeSeconds !== undefined,
  "long-lived-exchange": ({ token }) => token.longLived !== undefined,
  "refresh-elsewhere": ({ refresh }) => refresh.supported && (refresh.url !== undefined || refresh.method === "GET"),
  "refresh-sends-scopes": ({ refresh }) => refresh.supported && refresh.sendScopes,
  "partial-consent": ({ authorize }) => authorize?.partialConsent === true,
  "host-from-answer": ({ variables }) =>
    Object.values(variables).some(({ from }) => from === "token" || from === "callback" || from === "identity"),
  "tenant-in-url": (provider) =>
    urlsOf(provider).some(({ template }) => placeholdersOf(template).some((name) => name !== "client_id")),
  "parameters-renamed": ({ authorize, token }) =>
    Object.keys({ ...authorize?.rename, ...token.rename }).length + (authorize?.omit.length ?? 0) > 0,
  "several-tokens": ({ token }) => Object.keys(token.answer.others).length > 0,
  "identity-by-post": ({ identity }) => identity.call !== undefined && identity.call.method !== "GET",
  "headers-required": ({ api }) => Object.keys(api.headers).length > 0,
  "revoke-by-own-call": ({ revoke }) => revoke.style === "call",
  "revoke-missing": ({ revoke }) => revoke.style === "none",
  "pkce-required": ({ authorize }) => authorize?.pkce === "required",
  "pkce-refused": ({ authorize }) => authorize?.pkce === "unsupported",
  "redirect-by-name": ({ authorize }) => authorize?.redirect === "registered-name",
  "region-hosts": ({ variables }) => Object.values(variables).some(({ values }) => (values?.length ?? 0) > 1),
} satisfies Readonly<Record<string, (provider: Provider) => boolean>>;

export type Quirk = keyof typeof RULES;
export const QUIRKS: readonly Quirk[] = Object.keys(RULES) as Quirk[];

/** Which of them this provider has. Derived from the entry, so it cannot say something else. */
export function quirksOf(provider: Provider): Quirk[] {
  return QUIRKS.filter((quirk) => RULES[quirk](provider));
}

function saysExpiry(json: unknown): boolean {
  return typeof json === "object" && json !== null && "expires_in" in json;
}
