import { expect, test } from "vitest";
import { cookieName, readCookies, setCookie } from "./browser-cookie.ts";

const ID = "01890000-0000-7000-8000-000000000001";

test("https: a cookie that only this host can set, and that no script reads", () => {
  const name = cookieName("https://vault.example.com", ID);
  expect(setCookie({ name, value: "v", maxAgeSeconds: 60 })).toBe(
    `__Host-alter-connect-${ID}=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure`,
  );
});

test("plain http on loopback: the same, without what browsers would refuse there", () => {
  const name = cookieName("http://127.0.0.1:8200", ID);
  expect(setCookie({ name, value: "", maxAgeSeconds: 0 })).toBe(
    `alter-connect-${ID}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`,
  );
});

test.each([
  [undefined, []],
  ["", []],
  ["a=1", [["a", "1"]]],
  [
    "a=1; b=2=3;c=",
    [
      ["a", "1"],
      ["b", "2=3"],
      ["c", ""],
    ],
  ],
  ["a=first; a=second", [["a", "first"]]],
  ["=x; noise; a=1", [["a", "1"]]],
])("reads %o", (header, expected) => {
  expect([...readCookies(header)]).toEqual(expected);
});
