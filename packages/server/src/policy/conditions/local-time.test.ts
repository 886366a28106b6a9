import fc from "fast-check";
import { expect, test } from "vitest";
import { localClock } from "./local-time.ts";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

test("says what the runtime's own formatter says, in every zone", () => {
  const zones = Intl.supportedValuesOf("timeZone");
  const from = Date.UTC(1990, 0, 1);
  const until = Date.UTC(2040, 0, 1);
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer({ min: from, max: until }), (zone, ms) => {
      const text = new Intl.DateTimeFormat("en-CA", {
        timeZone: zone,
        hourCycle: "h23",
        weekday: "short",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
      }).formatToParts(ms);
      const part = (type: string): string => text.find((one) => one.type === type)?.value ?? "";
      const local = localClock(zone)(ms);
      expect(local.date).toBe(`${part("year")}-${part("month")}-${part("day")}`);
      expect(local.minute).toBe(Number(part("hour")) * 60 + Number(part("minute")));
      expect(DAYS[local.weekday]).toBe(part("weekday").slice(0, 3));
    }),
    { numRuns: 2_000 },
  );
}, 60_000);

test("does not keep an offset over a change", () => {
  const clock = localClock("Europe/Berlin");
  const change = Date.UTC(2026, 2, 29, 1);
  expect(clock(change - 1).minute).toBe(119);
  expect(clock(change).minute).toBe(180);
  expect(clock(change - 1)).toMatchObject({ minute: 119, date: "2026-03-29", dateBefore: "2026-03-28", weekday: 6 });
});
