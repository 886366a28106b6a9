import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { POSTGRES_MIGRATIONS } from "./postgres.ts";
import { SQLITE_MIGRATIONS } from "./sqlite.ts";

/*
 * Databases out there have taken these steps as they were. One that is edited changes nothing in them, and makes new ones
 * that are different. A line here is never changed either.
 */
const SHIPPED = {
  SQLite: [
    "6c7d7e4280a957b5",
    "63525c85e0c2794f",
    "0682e01463e277cc",
    "72e121d89e942615",
    "e5ef282faa58724b",
    "e2daaed89e2fdf65",
    "c9e5e0e54d4eb4b9",
    "8ff6e2db93013dfe",
    "5359177998078770",
    "22dc14f5c62251ae",
    "cc4967468f2ca752",
  ],
  PostgreSQL: ["328c5906aed55bf8", "f2d6c1528d7daef3", "2a483434fe90decc", "ec9116b1a75041df", "5b2af5d76323388e"],
};

describe.each([
  { name: "SQLite" as const, steps: SQLITE_MIGRATIONS },
  { name: "PostgreSQL" as const, steps: POSTGRES_MIGRATIONS },
])("$name", ({ name, steps }) => {
  test("no step that was shipped has been edited, moved or taken out, and every step is held here", () => {
    const found = steps.map((step) => createHash("sha256").update(JSON.stringify(step)).digest("hex").slice(0, 16));
    SHIPPED[name].forEach((hash, at) => {
      const what = `step ${at + 1} of ${name} was shipped and cannot be changed any more: put it back, and add a new step at the end`;
      expect(found[at], what).toBe(hash);
    });
    const fresh = found.slice(SHIPPED[name].length);
    expect(fresh, `once the new steps are as they should be, add to SHIPPED.${name}: ${fresh.join(", ")}`).toEqual([]);
  });

  test("steps are numbered without a gap", () => {
    expect(steps.map(({ id }) => id)).toEqual(steps.map((_, at) => at + 1));
  });
});

test("what a step of PostgreSQL works with only goes up, and never beyond the step itself", () => {
  let before = 1;
  for (const { id, worksWith } of POSTGRES_MIGRATIONS) {
    expect(worksWith).toBeGreaterThanOrEqual(before);
    expect(worksWith).toBeLessThanOrEqual(id);
    before = worksWith;
  }
});
