import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ConnectFlowError } from "../errors.ts";
import { readIdToken } from "./id-token.ts";

const NOW = 1_800_000_000_000;
const expected = { issuer: "https://issuer.example", clientId: "fake-client", nonce: "fake-nonce", nowMs: NOW };
const CLAIMS = {
  iss: "https://issuer.example",
  aud: "fake-client",
  exp: NOW / 1000 + 300,
  nonce: "fake-nonce",
  sub: "sub-ada",
  name: "Ada Löwe",
};

const tokenOf = (payload: unknown): string =>
  `e30.${Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)).toString("base64url")}.fake`;

test.each([
  ["as it should be", {}],
  ["for several clients", { aud: ["fake-client", "api"], azp: "fake-client" }],
  ["with a clock that is a little off", { exp: NOW / 1000 - 30 }],
])("a token %s is read", (_name, change) => {
  const { claims } = readIdToken(tokenOf({ ...CLAIMS, ...change }), expected);
  expect(claims).toEqual({ ...CLAIMS, ...change });
});

test("one that was refreshed needs no nonce, and is about the same user", () => {
  const { nonce: _nonce, ...claims } = CLAIMS;
  const { issuer, clientId, nowMs } = expected;
  const again = { issuer, clientId, nowMs, subject: "sub-ada" };
  expect(readIdToken(tokenOf(claims), again)).toEqual({ claims, expiresAtMs: NOW + 300_000 });
  expect(() => readIdToken(tokenOf({ ...claims, sub: "sub-eve" }), again)).toThrow(/is about another user/);
});

test.each([
  ["no token", "fake-opaque-token", /cannot be read/],
  ["no JSON", tokenOf("fake"), /cannot be read/],
  ["a list", tokenOf([]), /cannot be read/],
  ["another alphabet", "e30.e/+=.x", /cannot be read/],
  ["another issuer", tokenOf({ ...CLAIMS, iss: "https://issuer.example/" }), /of another issuer/],
  ["another client", tokenOf({ ...CLAIMS, aud: ["api"] }), /for another client/],
  ["no client", tokenOf({ ...CLAIMS, aud: undefined }), /for another client/],
  ["another party", tokenOf({ ...CLAIMS, azp: "other" }), /given to another client/],
  ["many clients and no party", tokenOf({ ...CLAIMS, aud: ["fake-client", "api"] }), /given to another client/],
  ["another attempt", tokenOf({ ...CLAIMS, nonce: "other" }), /of another attempt/],
  ["no nonce", tokenOf({ ...CLAIMS, nonce: undefined }), /of another attempt/],
  ["nobody", tokenOf({ ...CLAIMS, sub: "" }), /does not say who/],
  ["a number for a subject", tokenOf({ ...CLAIMS, sub: 7 }), /does not say who/],
  ["the past", tokenOf({ ...CLAIMS, exp: NOW / 1000 - 61 }), /has expired/],
  ["no end", tokenOf({ ...CLAIMS, exp: undefined }), /has expired/],
])("%s is refused, and the error shows nothing of it", (_name, token, message) => {
  const read = (): unknown => readIdToken(token, expected);
  expect(read).toThrow(ConnectFlowError);
  expect(read).toThrow(message);
  try {
    read();
  } catch (error) {
    expect(inspect(error)).not.toContain(token);
  }
});
