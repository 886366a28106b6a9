import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, startVaultOfTwo, type VaultOfTwo } from "./vault.test-support.ts";

let vault: VaultOfTwo;
beforeAll(async () => {
  vault = await startVaultOfTwo();
});
afterAll(() => vault.stop());

test("settings are empty, then what was put, for that app alone", async () => {
  const { one, other } = vault;
  const nothing = { display_name: null, website_url: null, return_urls: [], origins: [] };
  expect(await one.call("getConnectSettings")).toEqual(nothing);
  const settings = {
    display_name: "Ada's app",
    website_url: "https://app.example.com",
    return_urls: ["https://app.example.com/done?from=vault", "http://localhost:3000/done"],
    origins: ["https://app.example.com", "http://127.0.0.1:3000"],
  };
  const twice = { ...settings, origins: [...settings.origins, ...settings.origins] };
  expect(await one.call("putConnectSettings", { body: twice })).toEqual(settings);
  expect(await one.call("getConnectSettings")).toEqual(settings);
  expect(await vault.entry("putConnectSettings")).toMatchObject({ decision: "allow", outcome: "done" });
  expect(await other.call("getConnectSettings")).toEqual(nothing);
});

test.each([
  ["a fragment", { return_urls: ["https://app.example.com/#x"] }, "return_urls.0"],
  ["a user", { return_urls: ["https://ada:fake@app.example.com/"] }, "return_urls.0"],
  ["plain http elsewhere", { return_urls: ["https://ok.example", "http://app.example.com/"] }, "return_urls.1"],
  ["an origin with a slash", { origins: ["https://app.example.com/"] }, "origins.0"],
  ["an origin that a browser writes otherwise", { origins: ["https://App.example.com:443"] }, "origins.0"],
  ["an insecure origin", { origins: ["http://localhost.example.com"] }, "origins.0"],
])("%s is refused", async (_name, body, path) => {
  const before = await vault.one.call("getConnectSettings");
  expect(await refusal(vault.one.call("putConnectSettings", { body }))).toMatchObject({
    code: "invalid_request",
    issues: [{ path }],
  });
  expect(await vault.entry("putConnectSettings")).toMatchObject({ decision: "deny", code: "invalid_request" });
  expect(await vault.one.call("getConnectSettings")).toEqual(before);
});
