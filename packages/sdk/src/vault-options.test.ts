import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { AlterVault } from "./alter-vault.ts";
import { AlterValueError } from "./errors.ts";
import { FAKE_API_KEY } from "./fake-vault.test-support.ts";
import { checkVaultOptions, type AlterVaultOptions } from "./vault-options.ts";

const flipped = FAKE_API_KEY.slice(0, -1) + (FAKE_API_KEY.endsWith("0") ? "1" : "0");

function make(options: Record<string, unknown>): unknown {
  return new AlterVault(options as unknown as AlterVaultOptions);
}

describe("wrong options are refused at construction, by name", () => {
  test.each([
    ["no key", { apiKey: undefined }, /"apiKey" is missing/],
    ["empty key", { apiKey: "" }, /"apiKey" is missing/],
    ["key with one wrong character", { apiKey: flipped }, /"apiKey" is mistyped/],
    ["key cut off", { apiKey: FAKE_API_KEY.slice(0, -3) }, /"apiKey" is not an API key/],
    ["key with a line break", { apiKey: `${FAKE_API_KEY}\n` }, /"apiKey" has white space/],
    ["no URL", { baseUrl: "vault" }, /"baseUrl" is not a URL/],
    ["another scheme", { baseUrl: "ftp://vault.example" }, /"baseUrl" must start with https/],
    ["clear text to another machine", { baseUrl: "http://vault.example" }, /"baseUrl" must be https/],
    ["clear text to a lookalike of loopback", { baseUrl: "http://127.0.0.1.example" }, /"baseUrl" must be https/],
    ["a path", { baseUrl: "https://vault.example/vault" }, /"baseUrl" must be scheme, host and port alone/],
    ["a password", { baseUrl: "https://a:fake-password@vault.example" }, /"baseUrl" must not hold a user name/],
    ["seconds of zero", { timeout: 0 }, /"timeout" must be/],
    ["a text as timeout", { timeout: "30" }, /"timeout" must be/],
    ["an endless timeout", { timeout: Infinity }, /"timeout" must be/],
    ["caller that is a number", { caller: 7 }, /"caller" must be/],
    ["caller with an unknown field", { caller: { id: "x" } }, /no "id"/],
    ["caller of unknown type", { caller: { type: "robot" } }, /"type" must be one of/],
    ["caller said twice", { caller: "a", actorIdentifier: "b" }, /say different things about "identifier"/],
    ["types that differ", { callerType: "service", actorType: "ai_agent" }, /"callerType" and "actorType"/],
    ["unknown actor type", { actorType: "agent" }, /"actorType" must be one of/],
    ["unknown mode", { mode: "direct" }, /"mode" must be/],
    ["logger without warn", { logger: {} }, /"logger" must have/],
    ["fetch that is none", { fetch: "fetch" }, /"fetch" must be a function/],
    ["a token instead of what gives one", { userTokenGetter: "fake" }, /"userTokenGetter" must be a function/],
    ["a token for all calls", { userToken: "fake" }, /Did you mean "userTokenGetter"/],
    ["a name in another spelling", { api_key: FAKE_API_KEY }, /no option "api_key". Did you mean "apiKey"/],
    ["a name that does not exist", { enableAuditLogging: true }, /no option "enableAuditLogging". The options are/],
  ])("%s", (_name, options, message) => {
    const act = (): unknown => make({ apiKey: FAKE_API_KEY, ...options });
    expect(act).toThrow(AlterValueError);
    expect(act).toThrow(message);
  });

  test("no message shows a value", () => {
    for (const options of [
      { apiKey: flipped },
      { apiKey: ` ${FAKE_API_KEY}` },
      { apiKey: FAKE_API_KEY, baseUrl: "https://u:fake-password@h" },
    ]) {
      const error: unknown = catchError(() => make(options));
      const shown = inspect(error, { depth: 10 }) + JSON.stringify(error);
      expect(shown).not.toContain(FAKE_API_KEY.slice(12, 40));
      expect(shown).not.toContain("fake-password");
    }
  });
});

describe("right options", () => {
  test.each([
    ["http://127.0.0.1:8200"],
    ["http://localhost:8200"],
    ["http://vault.localhost"],
    ["http://[::1]:8200"],
    ["https://vault.example.com"],
    ["https://vault.example.com/"],
  ])("%s", (baseUrl) => {
    expect(make({ apiKey: FAKE_API_KEY, baseUrl })).toBeInstanceOf(AlterVault);
  });

  test("the ugly option lifts the rule", () => {
    const options = {
      apiKey: FAKE_API_KEY,
      baseUrl: "http://vault.example",
      allowInsecureBaseUrl_sendsRequestsInClearText: true,
    };
    expect(make(options)).toBeInstanceOf(AlterVault);
  });

  test("defaults", () => {
    const { settings } = checkVaultOptions({ apiKey: FAKE_API_KEY });
    expect(settings).toMatchObject({ timeoutMs: 30_000, mode: "proxy", caller: { type: "agent" } });
    expect(settings.baseUrl.href).toBe("http://127.0.0.1:8200/");
  });

  test.each([
    [{ caller: "bot" }, { type: "agent", identifier: "bot" }],
    [
      { caller: "bot", callerType: "service" },
      { type: "service", identifier: "bot" },
    ],
    [
      { caller: { type: "mcp_server", name: "Files", version: "1", framework: "mcp", clientType: "cursor" } },
      { type: "mcp_server", name: "Files", version: "1", framework: "mcp", client_type: "cursor" },
    ],
    [
      { actorType: "ai_agent", actorIdentifier: "a", actorName: "A", actorVersion: "2" },
      { type: "agent", identifier: "a", name: "A", version: "2" },
    ],
    [
      { actorType: "backend_service", actorIdentifier: "b" },
      { type: "service", identifier: "b" },
    ],
    [
      { actorType: "mcp_server", framework: "mcp", clientType: "cursor" },
      { type: "mcp_server", framework: "mcp", client_type: "cursor" },
    ],
  ] as const)("%j names the caller", (options, caller) => {
    expect(checkVaultOptions({ apiKey: FAKE_API_KEY, ...options }).settings.caller).toEqual(caller);
  });
});

function catchError(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}
