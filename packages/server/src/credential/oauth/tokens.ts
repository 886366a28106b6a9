import type { ReadToken, ReadTokenAnswer } from "@alter-vault/providers";
import type { Keyring, OwnedContext } from "../../crypto/keyring.ts";
import type { OAuthCredentialRecord } from "../../store/oauth-records.ts";

/** The tokens of a grant, as they are sealed. They leave this process in calls to the provider and nowhere else. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string | undefined;
  /** When this refresh token was issued: some providers count from there. */
  readonly issued_at: number;
  /** Further tokens of the same consent, by name (Slack: `user`). */
  readonly others?: Readonly<
    Record<string, { readonly access_token: string; readonly refresh_token?: string | undefined }>
  >;
  /** Of an assertion or installation: what it is made from again. */
  readonly subject?: string | undefined;
}

export async function sealTokens(
  keyring: Keyring,
  credential: Pick<OAuthCredentialRecord, "appId" | "id" | "userId">,
  tokens: Tokens,
): Promise<Buffer> {
  return keyring.sealOwned(contextOf(credential), Buffer.from(JSON.stringify(tokens), "utf8"));
}

/** Null when they cannot be opened: tampered with, moved, or their key is missing. */
export async function openTokens(
  keyring: Keyring,
  credential: Pick<OAuthCredentialRecord, "appId" | "id" | "userId" | "sealedTokens">,
): Promise<Tokens | null> {
  const opened = await keyring.openOwned(contextOf(credential), credential.sealedTokens);
  if (!opened.ok) return null;
  const tokens = JSON.parse(opened.plain.toString("utf8")) as Tokens;
  opened.plain.fill(0);
  return tokens;
}

function contextOf({ appId, id, userId }: Pick<OAuthCredentialRecord, "appId" | "id" | "userId">): OwnedContext {
  return { appId, userId, record: `oauth_credential:${id}`, field: "tokens" };
}

/** The token that calls are made with: the one at the top, or the only one there is. */
export function mainToken(answer: ReadTokenAnswer & { readonly ok: true }): ReadToken | undefined {
  return answer.main ?? Object.values(answer.others)[0];
}

/**
 * The tokens after an answer. What the answer does not bring stays: most providers send a refresh token only when it is
 * new, and some name their further tokens only once.
 */
export function nextTokens(
  answer: ReadTokenAnswer & { readonly ok: true },
  before: Tokens | null,
  nowMs: number,
): Tokens | null {
  const main = mainToken(answer);
  if (!main) return null;
  const others: Record<string, { access_token: string; refresh_token?: string | undefined }> = { ...before?.others };
  for (const [name, { accessToken, refreshToken }] of Object.entries(answer.others)) {
    others[name] = { access_token: accessToken, refresh_token: refreshToken ?? others[name]?.refresh_token };
  }
  return {
    access_token: main.accessToken,
    refresh_token: main.refreshToken ?? before?.refresh_token,
    issued_at: main.refreshToken === undefined && before ? before.issued_at : nowMs,
    ...(Object.keys(others).length > 0 ? { others } : {}),
    ...(before?.subject === undefined ? {} : { subject: before.subject }),
  };
}
