import fc from "fast-check";
import { expect, test } from "vitest";
import { readOutcomeBody, writeOutcomeBody, type OutcomeBody } from "./entry.ts";

const count = fc.oneof(fc.constant(0), fc.nat());
const outcomes: fc.Arbitrary<OutcomeBody> = fc.record({
  outcome: fc.constantFrom("done", "provider", "vault_error", "client_closed"),
  status: fc.option(fc.integer({ min: 100, max: 599 })),
  code: fc.option(fc.constantFrom("client_closed", "upstream_timeout")),
  latency_ms: fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs),
  retries: count,
  redirects: count,
  request_bytes: count,
  response_bytes: count,
  scrubbed: count,
});

test("an outcome is read back as it was written", () => {
  fc.assert(
    fc.property(outcomes, (outcome) => {
      expect(readOutcomeBody(writeOutcomeBody(outcome))).toEqual(outcome);
    }),
  );
});

test("an outcome that was written with everything is read, too", () => {
  const outcome = { outcome: "provider", status: 200, code: null, latency_ms: 1.5, retries: 0, redirects: 0 };
  const json = JSON.stringify({ ...outcome, request_bytes: 0, response_bytes: 872, scrubbed: 0 });
  expect(readOutcomeBody(json)).toEqual(JSON.parse(json));
});

test("nothing is written of what did not happen", () => {
  const nothing = { code: null, retries: 0, redirects: 0, request_bytes: 0, scrubbed: 0 };
  const outcome: OutcomeBody = { outcome: "provider", status: 200, latency_ms: 6.125, response_bytes: 872, ...nothing };
  expect(writeOutcomeBody(outcome)).toBe('{"outcome":"provider","latency_ms":6.125,"status":200,"response_bytes":872}');
});
