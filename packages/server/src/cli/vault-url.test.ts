import { expect, test } from "vitest";
import { checkVaultUrl, reachableUrl } from "./vault-url.ts";

test.each([
  ["https://vault.example.com", "https://vault.example.com"],
  ["https://vault.example.com:8443/", "https://vault.example.com:8443"],
  ["http://127.0.0.1:8200", "http://127.0.0.1:8200"],
  ["http://localhost:8200", "http://localhost:8200"],
  ["http://[::1]:8200", "http://[::1]:8200"],
])("%s is taken", (text, origin) => {
  expect(checkVaultUrl(text)).toBe(origin);
});

test.each([
  ["vault.example.com", /not a URL/],
  ["ftp://vault.example.com", /https/],
  ["http://vault.example.com", /https/],
  ["http://127.0.0.1.example.com", /https/],
  ["https://vault.example.com/prefix", /alone/],
  ["https://vault.example.com/?a=1", /alone/],
  ["https://user@vault.example.com", /user name/],
])("%s is refused", (text, detail) => {
  expect(() => checkVaultUrl(text)).toThrow(detail);
});

test("a vault on every address is reached on this machine's own", () => {
  expect(reachableUrl("http://0.0.0.0:8200")).toBe("http://127.0.0.1:8200");
  expect(reachableUrl("https://[::]:8200")).toBe("https://[::1]:8200");
  expect(reachableUrl("http://10.1.2.3:8200")).toBe("http://10.1.2.3:8200");
});
