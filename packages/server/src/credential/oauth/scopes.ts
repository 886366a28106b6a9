import type { Provider, ReadTokenAnswer } from "@alter-vault/providers";

type Answer = Pick<ReadTokenAnswer & { readonly ok: true }, "main" | "others">;

/** Asked for, and not among the granted ones. A provider that does not say what it granted granted what was asked. */
export function missingScopes(asked: readonly string[], granted: readonly string[]): string[] {
  const has = new Set(granted);
  return asked.filter((scope) => !has.has(scope));
}

/** What an answer says was granted, by all of its tokens together; undefined when none of them says it. */
export function grantedScopes({ main, others }: Answer): readonly string[] | undefined {
  const said = [main, ...Object.values(others)].flatMap((token) => (token?.scopes ? [token.scopes] : []));
  return said.length === 0 ? undefined : [...new Set(said.flat())];
}

/** The same after a refresh. A token the answer does not bring keeps what it had (Slack's token of the user). */
export function scopesAfterRefresh(
  { token, scopes }: Pick<Provider, "token" | "scopes">,
  answer: Answer,
  before: readonly string[],
): readonly string[] {
  const said = grantedScopes(answer);
  if (!said) return before;
  const brings = Object.keys(token.answer.others).every((name) => Object.hasOwn(answer.others, name));
  if (brings) return said;
  const ofOthers = new Set(scopes.filter(({ audience }) => audience === "user").map(({ id }) => id));
  return [...new Set([...said, ...before.filter((scope) => ofOthers.has(scope))])];
}
