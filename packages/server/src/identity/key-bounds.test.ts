import { describe, expect, test } from "vitest";
import { boundsWithin, type KeyBounds, type KeyBoundsWish } from "./key-bounds.ts";

const FREE: KeyBounds = {
  scopes: ["keys:write", "proxy:execute"],
  cidrs: null,
  requestsPerMinute: null,
  expiresAt: null,
};
const BOUND: KeyBounds = { ...FREE, cidrs: ["10.0.0.0/8", "2001:db8::1"], requestsPerMinute: 60, expiresAt: 5_000 };

test("a key without bounds gives what it is asked for", () => {
  const wish = { scopes: ["proxy:execute"], cidrs: ["192.0.2.1"], requestsPerMinute: 5, expiresAt: 9 } as const;
  expect(boundsWithin(FREE, wish)).toEqual({ ok: true, bounds: wish });
});

test("what is not said is as far as the maker reaches", () => {
  expect(boundsWithin(BOUND, { scopes: [] })).toEqual({ ok: true, bounds: { ...BOUND, scopes: [] } });
});

describe("within the maker's bounds", () => {
  test.each<[string, Omit<KeyBoundsWish, "scopes">]>([
    ["a smaller range", { cidrs: ["10.1.0.0/16"] }],
    ["the same range", { cidrs: ["10.0.0.0/8"] }],
    ["one address of it", { cidrs: ["10.9.9.9"] }],
    ["one address as IPv6 writes it", { cidrs: ["::ffff:10.9.9.9"] }],
    ["an IPv6 address", { cidrs: ["2001:db8::1/128"] }],
    ["as often, as long", { requestsPerMinute: 60, expiresAt: 5_000 }],
  ])("%s", (_, wish) => {
    expect(boundsWithin(BOUND, { scopes: [], ...wish })).toMatchObject({ ok: true, bounds: wish });
  });
});

describe("beyond them", () => {
  test.each<[string, Omit<KeyBoundsWish, "scopes">]>([
    ["a wider range", { cidrs: ["10.0.0.0/7"] }],
    ["everything", { cidrs: ["0.0.0.0/0"] }],
    ["everything of the other kind", { cidrs: ["::/0"] }],
    ["another range among good ones", { cidrs: ["10.1.0.0/16", "192.0.2.0/24"] }],
    ["a neighbour", { cidrs: ["2001:db8::2"] }],
    ["more often", { requestsPerMinute: 61 }],
    ["longer", { expiresAt: 5_001 }],
  ])("%s", (_, wish) => {
    expect(boundsWithin(BOUND, { scopes: [], ...wish })).toMatchObject({ ok: false, code: "key_beyond_its_maker" });
  });

  test("a scope", () => {
    expect(boundsWithin(BOUND, { scopes: ["proxy:execute", "grants:read"] })).toMatchObject({
      code: "insufficient_scope",
      details: { required_scope: "grants:read" },
    });
  });
});
