import type { Provider } from "../schema.ts";
import type { Call } from "../schema/call.ts";

/** A URL template of an entry, and where it stands. */
export interface PlacedUrl {
  readonly path: string;
  readonly template: string;
}

/** A custom call of an entry, and where it stands. */
export interface PlacedCall {
  readonly path: string;
  readonly call: Call;
}

export function callsOf(provider: Provider): PlacedCall[] {
  const found: [string, Call | undefined][] = [
    ["/identity/call", provider.identity.call],
    ["/token/longLived", provider.token.longLived],
    ["/introspect/call", provider.introspect?.call],
    ["/revoke/call", provider.revoke.style === "call" ? provider.revoke.call : undefined],
  ];
  return found.flatMap(([path, call]) => (call ? [{ path, call }] : []));
}

/** The authorization server's own addresses: they see client secrets, codes and refresh tokens. */
export function serverUrlsOf(provider: Provider): PlacedUrl[] {
  return placed([
    ["/authorize/url", provider.authorize?.url],
    ["/device/url", provider.device?.url],
    ["/token/url", provider.token.url],
    ["/refresh/url", provider.refresh.supported ? provider.refresh.url : undefined],
    ["/revoke/url", provider.revoke.style === "rfc7009" ? provider.revoke.url : undefined],
    ["/introspect/url", provider.introspect?.url],
    ["/discovery", provider.discovery],
    ["/authorize/issuer", provider.authorize?.issuer],
  ]);
}

/** Every URL template of an entry. */
export function urlsOf(provider: Provider): PlacedUrl[] {
  const calls = callsOf(provider).map(({ path, call }) => ({ path: `${path}/url`, template: call.url }));
  return [...serverUrlsOf(provider), ...calls, { path: "/api/baseUrl", template: provider.api.baseUrl }];
}

function placed(entries: readonly (readonly [string, string | undefined])[]): PlacedUrl[] {
  return entries.flatMap(([path, template]) => (template === undefined ? [] : [{ path, template }]));
}
