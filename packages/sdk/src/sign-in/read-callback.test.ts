import { inspect } from "node:util";
import { expect, test } from "vitest";
import { readCallback } from "./read-callback.ts";

const ISSUER = "https://issuer.example";
const expected = { state: "fake-state", issuer: { issuer: ISSUER, namesItself: false } };
const strict = { ...expected, issuer: { issuer: ISSUER, namesItself: true } };
const iss = encodeURIComponent(ISSUER);

test.each([
  ["a code", `state=fake-state&code=fake-code`, expected],
  ["a code from an issuer that names itself", `state=fake-state&code=fake-code&iss=${iss}`, strict],
  ["a name that was not asked for", `state=fake-state&code=fake-code&iss=${iss}`, expected],
  ["more than is needed", `state=fake-state&code=fake-code&session_state=x`, expected],
])("%s is taken", (_name, query, what) => {
  expect(readCallback(new URLSearchParams(query), what)).toEqual({ kind: "code", code: "fake-code" });
});

test.each([
  ["nothing", ""],
  ["no state", "code=fake-code"],
  ["another state", "state=other&code=fake-code"],
  ["the state twice", "state=fake-state&state=fake-state&code=fake-code"],
  ["an error of somebody else's", "state=other&error=access_denied"],
  ["no code", "state=fake-state"],
  ["an empty code", "state=fake-state&code="],
  ["two codes", "state=fake-state&code=fake-code&code=other"],
])("%s is not of this attempt", (_name, query) => {
  expect(readCallback(new URLSearchParams(query), expected)).toEqual({ kind: "foreign" });
});

test.each([
  ["the user who declined", "error=access_denied", expected, "ConnectDeniedError", /did not sign in/],
  ["an error", "error=login_required&error_description=fake-secret", expected, "ConnectFlowError", /"login_required"/],
  ["an error that is none", "error=%3Cscript%3Efake-secret", expected, "ConnectFlowError", /no error code/],
  ["another issuer", "code=fake-secret&iss=https%3A%2F%2Fevil.example", expected, "ConnectFlowError", /another issuer/],
  ["an issuer that forgot its name", "code=fake-secret", strict, "ConnectFlowError", /another issuer/],
  ["an issuer of two names", `code=fake-secret&iss=${iss}&iss=${iss}`, strict, "ConnectFlowError", /another issuer/],
  ["an error of another issuer", "error=access_denied&iss=x", expected, "ConnectFlowError", /another issuer/],
])("%s ends the attempt, and nothing of the query is in the error", (_name, query, what, name, message) => {
  const callback = readCallback(new URLSearchParams(`state=fake-state&${query}`), what);
  expect(callback).toMatchObject({
    kind: "refused",
    error: { name, message: expect.stringMatching(message) as string },
  });
  expect(inspect(callback, { depth: 10 })).not.toContain("fake-secret");
});
