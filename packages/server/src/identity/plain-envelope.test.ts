import { encodeJsonHeader } from "@alter-vault/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readPlainEnvelope } from "./plain-envelope.ts";
import { readBySchema } from "./read-envelope.ts";

/** Texts about as long as they may be, and one more. */
const around = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 40, arbitrary: fc.string({ minLength: 1, maxLength: 12, unit: "binary" }) },
    { weight: 1, arbitrary: fc.constant("") },
    { weight: 2, arbitrary: fc.integer({ min: max - 1, max: max + 1 }).map((length) => "x".repeat(length)) },
  );
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, 1, true, "", [], {}, [[]], [["a"]], [["a", "b", "c"]], { a: 1 }, "text"),
  fc.jsonValue({ maxDepth: 2 }),
);
const mostly = (usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd });
const json = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 40, arbitrary: mostly(value).map((one) => encodeJsonHeader(one)) },
    { weight: 1, arbitrary: fc.constantFrom("{", "", "undefined", '{"__proto__":"x"}', '{"path":{"__proto__":"x"}}') },
  );
const record = (shape: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc.record(Object.fromEntries(Object.entries(shape).map(([name, value]) => [name, mostly(value)])), {
    requiredKeys: [],
  });
const pairs = (name: number, value: number, most: number): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.array(fc.tuple(around(name), around(value)), { maxLength: 4 }) },
    fc.integer({ min: most - 1, max: most + 1 }).map((length) => Array.from({ length }, () => ["n", "v"])),
  );
const names = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom("run_id", "thread_id", "a", "constructor", "x".repeat(64)) },
  fc.constantFrom("A", "_a", "a-b", "x".repeat(65)),
  around(64),
);
const many = fc
  .integer({ min: 31, max: 33 })
  .map((length) => Object.fromEntries(Array.from({ length }, (_, index) => [`n${index}`, "v"])));

const headers = fc.record(
  {
    "alter-method": fc.constantFrom("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "get", "constructor"),
    "alter-target": around(16_384),
    "alter-grant": fc.oneof(
      { weight: 9, arbitrary: fc.uuid() },
      fc.constantFrom("1", "", "0198C2A4-7B1E-7C3D-9A55-0D6F1E2B3C4D"),
    ),
    "alter-provider": around(100),
    "alter-redirect": fc.constantFrom("follow", "manual", "error", "follow", "manual", "error", "FOLLOW", ""),
    "alter-account": json(around(320)),
    "alter-reason": json(around(1000)),
    "alter-params": json(
      record({ path: fc.dictionary(around(64), around(2048), { maxKeys: 3 }), query: pairs(512, 16_384, 200) }),
    ),
    "alter-headers": json(pairs(256, 16_384, 100)),
    "alter-caller": json(
      record({
        type: fc.constantFrom("agent", "service", "mcp_server", "agent", "service", "user"),
        identifier: around(200),
        name: around(200),
        version: around(100),
        framework: around(100),
        client_type: around(100),
      }),
    ),
    "alter-context": json(fc.oneof(fc.dictionary(names, around(512), { maxKeys: 4 }), many)),
    "alter-other": fc.constant("x"),
  },
  { requiredKeys: ["alter-method", "alter-target"] },
);

test("what is read by hand is what the schema reads", () => {
  let plainly = 0;
  fc.assert(
    fc.property(headers, (given) => {
      const plain = readPlainEnvelope(given);
      if (!plain) return;
      plainly++;
      expect(readBySchema(given)).toEqual({ ok: true, envelope: plain });
    }),
    { numRuns: 3_000 },
  );
  expect(plainly).toBeGreaterThan(100);
});

test("an ordinary call is read by hand", () => {
  const ordinary = {
    "alter-method": "POST",
    "alter-target": "https://api.example.com/v1/{id}",
    "alter-grant": "0198c2a4-7b1e-7c3d-9a55-0d6f1e2b3c4d",
    "alter-params": encodeJsonHeader({ path: { id: "42" }, query: [["q", "ü"]] }),
    "alter-headers": encodeJsonHeader([["content-type", "application/json"]]),
    "alter-caller": encodeJsonHeader({ identifier: "bot", framework: "langchain" }),
    "alter-context": encodeJsonHeader({ run_id: "r", thread_id: "t" }),
    "alter-reason": encodeJsonHeader("because"),
  };
  const plain = readPlainEnvelope(ordinary);
  expect(plain).not.toBeNull();
  expect(readBySchema(ordinary)).toEqual({ ok: true, envelope: plain });
});
