import { classifyError } from "../classify-error.ts";
import { readIdentity } from "../read-identity.ts";
import { readTokenAnswer, type ReadTokenAnswer } from "../read-token-answer.ts";
import { resolvePointer } from "../resolve-pointer.ts";
import type { Provider } from "../schema.ts";
import type { ErrorClass } from "../schema/errors.ts";
import type { Fixture, Fixtures } from "../schema/fixtures.ts";
import { checkVariable } from "../check-variable.ts";
import { rawAnswer } from "../raw-answer.ts";
import type { Report } from "./issue.ts";

/** Prefixes of real tokens: none of them may be in a file. */
const REAL =
  /\b(?:gh[opusr]_[A-Za-z0-9]{20,}|xox[abpe][.-]\S{10,}|sk_live_\S+|ya29\.\S{10,}|AIza\S{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.)/;

/** The example answers are read by the entry's own paths, as the vault would. */
export function checkFixtures(provider: Provider, report: Report): void {
  const { fixtures, refresh, token, identity } = provider;
  const need = (name: keyof Fixtures, when: boolean, why: string): void => {
    if (when && !fixtures[name])
      report("fixture-missing", `/fixtures/${name}`, why, "add the provider's example answer");
  };
  need("refresh", refresh.supported, "refresh is supported");
  need("refreshRevoked", refresh.supported, "refresh is supported");
  need("longLived", token.longLived !== undefined, "there is an exchange for a long-lived token");
  need("identity", identity.from !== "token", "the identity is not in the token answer");
  if (REAL.test(JSON.stringify(fixtures))) {
    report("fixture-secret", "/fixtures", "holds what looks like a real token", "write fake-… instead");
  }
  checkAnswer(provider, "token", "code", report);
  checkAnswer(provider, "longLived", "long-lived", report);
  checkAnswer(provider, "refresh", "refresh", report);
  checkError(provider, "refreshRevoked", ["reauth"], "token", report);
  checkError(provider, "tokenError", ["reauth", "permanent"], "token", report);
  checkError(provider, "transient", ["transient"], "token", report);
  checkError(provider, "scopeError", ["scope"], "api", report);
  checkIdentity(provider, report);
  checkTold(provider, report);
}

function checkAnswer(
  provider: Provider,
  name: "token" | "longLived" | "refresh",
  leg: "code" | "refresh" | "long-lived",
  report: Report,
): void {
  const fixture = provider.fixtures[name];
  if (!fixture || (name === "refresh" && !provider.refresh.supported)) return;
  const path = `/fixtures/${name}`;
  const read = readTokenAnswer(provider, rawAnswer(fixture), leg, 0);
  if (!read.ok) {
    const said = `reads as an error (${read.error.class} ${read.error.code})`;
    report("fixture-answer", path, said, "correct the paths under token.answer, or the fixture");
    return;
  }
  for (const secret of secretsOf(read)) {
    if (!secret.startsWith("fake-"))
      report("fixture-secret", path, `a token does not begin with fake-`, "write fake-…");
  }
  const { refresh } = provider;
  if (name === "token" && refresh.supported && refresh.with === "refresh_token" && !read.main?.refreshToken) {
    const why = "brings no refresh token, though refresh is supported";
    report("fixture-refresh", path, why, "show the answer of an app that gets one");
  }
  const rotates = refresh.supported && refresh.rotation === "always" && refresh.with === "refresh_token";
  if (name === "refresh" && rotates && !read.main?.refreshToken) {
    report("fixture-rotation", path, "brings no refresh token, though rotation is always", "correct one of them");
  }
}

function secretsOf(read: ReadTokenAnswer & { ok: true }): string[] {
  const tokens = [...(read.main ? [read.main] : []), ...Object.values(read.others)];
  const all = tokens.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]);
  return [...all, read.idToken].filter((secret) => secret !== undefined);
}

function checkError(
  provider: Provider,
  name: "refreshRevoked" | "tokenError" | "transient" | "scopeError",
  expected: readonly ErrorClass[],
  source: "token" | "api",
  report: Report,
): void {
  const fixture = provider.fixtures[name];
  if (!fixture) return;
  const error = classifyError(provider, { status: fixture.status, json: fixture.json }, source);
  if (error && expected.includes(error.class)) return;
  const said = error ? `reads as ${error.class} (${error.code})` : "reads as a good answer";
  report(
    "fixture-error",
    `/fixtures/${name}`,
    `${said}, not as ${expected.join(" or ")}`,
    "correct `errors`, or the fixture",
  );
}

function checkIdentity(provider: Provider, report: Report): void {
  const fixture = provider.identity.from === "token" ? provider.fixtures.token : provider.fixtures.identity;
  if (!fixture) return;
  const name = provider.identity.from === "token" ? "token" : "identity";
  const read = readIdentity(provider, fixture.json);
  if (!read.ok) report("fixture-identity", `/fixtures/${name}`, read.detail, "correct identity.id, or the fixture");
  for (const key of ["account", "name", "tenant"] as const) {
    const pointer = provider.identity[key];
    if (pointer !== undefined && resolvePointer(fixture.json, pointer) === undefined) {
      report("fixture-identity", `/fixtures/${name}`, `has no ${pointer}`, `correct identity.${key}, or the fixture`);
    }
  }
}

/** Values that answers give to variables are really there, and allowed. */
function checkTold(provider: Provider, report: Report): void {
  const sources: Readonly<Record<string, Fixture | undefined>> = provider.fixtures;
  for (const [name, variable] of Object.entries(provider.variables)) {
    const fixture = sources[variable.from];
    if (!fixture || variable.at === undefined || !variable.at.startsWith("/")) continue;
    const value = resolvePointer(fixture.json, variable.at);
    const checked =
      typeof value === "string" || typeof value === "number" ? checkVariable(variable, String(value)) : undefined;
    if (checked?.ok) continue;
    const said = checked ? `${variable.at} ${checked.detail}` : `has no ${variable.at}`;
    report(
      "fixture-variable",
      `/fixtures/${variable.from}`,
      `${said} (for {${name}})`,
      "correct the variable, or the fixture",
    );
  }
}
