import { resolvePointer, textAt, type Fixture, type TokenAnswer } from "@alter-vault/providers";
import { fakeJwt } from "./fake-jwt.ts";
import { issuerOf } from "./issuer.ts";
import { type Reply } from "./reply.ts";
import type { Registration } from "./registration.ts";
import { setAt } from "./set-at.ts";
import type { Family, RefreshToken } from "./token-book.ts";

export interface Issue {
  readonly registration: Registration;
  readonly family: Family;
  /** The entry's example of this answer. */
  readonly fixture: Fixture;
  readonly answer: TokenAnswer;
  readonly now: number;
  /** The refresh token that belongs to this access token. */
  readonly refreshFor: (name: string) => RefreshToken | null;
  /** Whether the answer shows it. Default: when the fixture does. */
  readonly showsRefresh?: boolean | undefined;
  readonly nonce?: string | undefined;
}

interface Position {
  readonly name: string;
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly expiresIn?: string | undefined;
  readonly scope?: string | undefined;
}

/** The entry's example answer, with fresh tokens in the places of the old. What the example does not hold is not added. */
export function issueTokens(issue: Issue): Reply {
  const { registration, family, fixture, answer, now } = issue;
  const { behaviour, provider } = registration;
  const isForm = fixture.text !== undefined;
  const json: unknown = isForm
    ? Object.fromEntries(new URLSearchParams(fixture.text))
    : structuredClone(fixture.json ?? {});
  for (const position of positionsOf(answer)) {
    if (textAt(json, position.accessToken) === undefined) continue;
    fillPosition(issue, json, position);
  }
  if (answer.expiresAt) {
    const lifetime = behaviour.lifetimeSeconds ?? provider.token.lifetimeSeconds ?? 3600;
    const at = now + lifetime * 1000;
    const { format } = answer.expiresAt;
    const moment = format === "iso" ? new Date(at).toISOString() : format === "unix" ? Math.floor(at / 1000) : at;
    setAt(json, answer.expiresAt.at, behaviour.hidesExpiry ? undefined : moment);
  }
  setAt(json, answer.idToken, idToken(registration, family, now, issue.nonce));
  const headers = { ...fixture.headers };
  if (isForm || behaviour.formAnswers) {
    const pairs = Object.entries(json as Record<string, unknown>)
      .filter(([, value]) => typeof value === "string" || typeof value === "number")
      .map(([name, value]) => [name, String(value)]);
    const body = new URLSearchParams(pairs as [string, string][]).toString();
    return {
      status: fixture.status,
      headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
      body,
    };
  }
  return {
    status: fixture.status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(json),
  };
}

function positionsOf(answer: TokenAnswer): Position[] {
  return [{ ...answer, name: "main" }, ...Object.entries(answer.others).map(([name, at]) => ({ name, ...at }))];
}

function fillPosition(issue: Issue, json: unknown, position: Position): void {
  const { registration, family, answer } = issue;
  const { behaviour, provider, book } = registration;
  const refresh = issue.refreshFor(position.name);
  const lifetime = lifetimeOf(issue, json, position);
  const access = book.issueAccess(family, position.name, lifetime, refresh);
  setAt(json, position.accessToken, access.value);
  const shows = issue.showsRefresh ?? refreshTokenIn(json, position);
  if (shows) putAt(json, position.refreshToken, refresh?.value);
  else setAt(json, position.refreshToken, undefined);
  const said =
    lifetime === null || behaviour.hidesExpiry ? undefined : lifetime * (answer.expiresInUnit === "ms" ? 1000 : 1);
  setAt(json, position.expiresIn, said);
  const scopes = scopesFor(registration, family, position.name);
  const shown = position.scope === undefined ? undefined : resolvePointer(json, position.scope);
  const separator = answer.scopeSeparator ?? provider.authorize?.scopeSeparator ?? " ";
  if (scopes.length === 0 || shown === "" || separator === "none") return;
  if (Array.isArray(shown)) setAt(json, position.scope, scopes);
  else setAt(json, position.scope, scopes.join(separator === "array" ? " " : separator));
}

function refreshTokenIn(json: unknown, { refreshToken }: Position): boolean {
  return refreshToken !== undefined && textAt(json, refreshToken) !== undefined;
}

/** Also where the fixture has none, at the top. */
function putAt(json: unknown, pointer: string | undefined, value: string | undefined): void {
  if (pointer === undefined || setAt(json, pointer, value) || value === undefined) return;
  Object.assign(json as object, { [pointer.slice(1)]: value });
}

function lifetimeOf({ registration, answer }: Issue, json: unknown, { expiresIn }: Position): number | null {
  const { behaviour, provider } = registration;
  const said = Number(expiresIn === undefined ? Number.NaN : textAt(json, expiresIn));
  const seconds = answer.expiresInUnit === "ms" ? said / 1000 : said;
  return behaviour.lifetimeSeconds ?? (seconds > 0 ? seconds : provider.token.lifetimeSeconds);
}

/** Where a provider issues a token for the user beside that of the app, each has scopes of its own. */
function scopesFor({ provider }: Registration, { scopes }: Family, name: string): readonly string[] {
  if (provider.authorize?.userScopeParam === undefined) return scopes;
  const ofUser = new Set(provider.scopes.filter(({ audience }) => audience === "user").map(({ id }) => id));
  return scopes.filter((scope) => ofUser.has(scope) === (name === "user"));
}

function idToken(registration: Registration, family: Family, now: number, nonce: string | undefined): string {
  const { provider, clientId } = registration;
  const claims = provider.identity.from === "id_token" ? provider.fixtures.identity?.json : undefined;
  const issuedAt = Math.floor(now / 1000);
  return fakeJwt({
    sub: `fake-subject-${family.id}`,
    ...(claims as Record<string, unknown> | undefined),
    iss: issuerOf(registration),
    aud: clientId,
    iat: issuedAt,
    exp: issuedAt + 3600,
    ...(nonce === undefined ? {} : { nonce }),
  });
}
