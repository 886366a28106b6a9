import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findProvider, PROVIDER_IDS, resolveProviderId } from "./catalogue.ts";
import { classifyError } from "./classify-error.ts";
import { catalogueSource, providerIdSource, sdkProviderSource } from "./generate.ts";
import { lintProvider } from "./lint-provider.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { quirksOf, QUIRKS } from "./quirks.ts";
import { rawAnswer } from "./raw-answer.ts";
import { readIdentity } from "./read-identity.ts";
import { readTokenAnswer } from "./read-token-answer.ts";
import type { Provider } from "./schema.ts";

const folder = new URL("../data/", import.meta.url);
const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));
const providers: Provider[] = PROVIDER_IDS.flatMap((id) => findProvider(id) ?? []);
const generated = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

describe("the files", () => {
  test.each(files)("$name passes", ({ name, text }) => {
    const result = lintProvider(text);
    expect(result.ok ? [] : result.issues).toEqual([]);
    expect(name).toMatch(/^[a-z0-9-]+\.yaml$/);
  });

  test("together they make the generated sources; run scripts/generate.ts when they do not", () => {
    const result = loadCatalogue(files);
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    expect(generated("catalogue.generated.ts") === catalogueSource(result.providers)).toBe(true);
    expect(generated("provider-id.generated.ts")).toBe(providerIdSource(result.providers));
    expect(generated("../../sdk/src/provider.generated.ts")).toBe(sdkProviderSource(result.providers));
  });
});

describe("what the catalogue promises", () => {
  test("at least 15 providers have named operations", () => {
    expect(providers.filter(({ operations }) => operations.length >= 3).length).toBeGreaterThanOrEqual(15);
  });

  test.each(QUIRKS)("somebody has the quirk %s", (quirk) => {
    expect(providers.some((provider) => quirksOf(provider).includes(quirk))).toBe(true);
  });

  test.each(providers)("$id: connect, refresh, and the end are read as they should", (provider) => {
    const { fixtures, refresh, identity } = provider;
    const first = readTokenAnswer(provider, rawAnswer(fixtures.token), "code", 0);
    if (!first.ok) throw new Error(first.error.code);
    expect((first.main ?? Object.values(first.others)[0])?.accessToken).toMatch(/^fake-/);
    const document = identity.from === "token" ? first.json : fixtures.identity?.json;
    expect(readIdentity(provider, document).ok).toBe(true);
    if (!refresh.supported) return;
    if (!fixtures.refresh || !fixtures.refreshRevoked) throw new Error("fixtures are missing");
    const second = readTokenAnswer(provider, rawAnswer(fixtures.refresh), "refresh", 0);
    expect(second).toMatchObject({ ok: true, main: { accessToken: expect.stringMatching(/^fake-/) } });
    const { status, json } = fixtures.refreshRevoked;
    expect(classifyError(provider, { status, json })?.class).toBe("reauth");
  });
});

describe("finding", () => {
  test("the same frozen entry each time", () => {
    const google = findProvider("google");
    expect(google).toMatchObject({ id: "google", kind: "oidc" });
    expect(findProvider("google")).toBe(google);
    expect(Object.isFrozen(google?.api.hosts)).toBe(true);
  });

  test.each([
    ["google", "google"],
    ["gmail", "google"],
    ["jira", "atlassian"],
    ["nobody", undefined],
    ["constructor", undefined],
    ["__proto__", undefined],
  ])("%s is %s", (name, id) => {
    expect(resolveProviderId(name)).toBe(id);
    if (id === undefined) expect(findProvider(name)).toBeUndefined();
  });
});
