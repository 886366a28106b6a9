import { expect, test } from "vitest";
import { shouldRedirect } from "./should-redirect.ts";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)";
const IPAD = "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X)";
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64)";

test.each<[string, string, number, number, number, boolean]>([
  ["a phone", IPHONE, 5, 390, 800, true],
  ["a phone on its side", IPHONE, 5, 800, 390, false],
  ["a tablet upright", IPAD, 5, 820, 1180, true],
  ["a tablet on its side", IPAD, 5, 1180, 820, false],
  ["a desktop", DESKTOP, 0, 1280, 800, false],
  ["a narrow window on a desktop", DESKTOP, 0, 400, 800, false],
  ["a laptop with a touch screen", DESKTOP, 10, 1280, 800, false],
])("%s", (_name, userAgent, maxTouchPoints, innerWidth, innerHeight, expected) => {
  expect(shouldRedirect({ navigator: { userAgent, maxTouchPoints }, innerWidth, innerHeight } as Window)).toBe(
    expected,
  );
});
