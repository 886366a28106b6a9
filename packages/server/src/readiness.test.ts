import { expect, test } from "vitest";
import { createReadiness, type Readiness } from "./readiness.ts";

let answers = true;
function readiness(): Readiness {
  answers = true;
  const askStorage = (): Promise<void> => (answers ? Promise.resolve() : Promise.reject(new Error("gone")));
  return createReadiness({ version: "1", askStorage });
}

async function seen(of: Readiness): Promise<unknown[]> {
  return [(await of.health()).status, of.refusal(), of.isLeaving()];
}

test("it serves, drains while it takes calls still, and stops", async () => {
  const of = readiness();
  expect(await seen(of)).toEqual(["ok", null, false]);
  of.drain();
  expect(await seen(of)).toEqual(["unavailable", null, true]);
  of.stop();
  of.drain();
  expect(await seen(of)).toEqual(["unavailable", "shutting_down", true]);
});

test("a storage that does not answer makes it not ready, and refuses nothing by itself", async () => {
  const of = readiness();
  answers = false;
  expect(await seen(of)).toEqual(["unavailable", null, false]);
});

test("once the storage belongs to a newer version it takes no call, and says what to do", async () => {
  const of = readiness();
  of.outdated();
  expect(await seen(of)).toEqual(["unavailable", "storage_unavailable", true]);
  expect((await of.health()).detail).toContain("newer version");
  of.drain();
  expect(of.refusal()).toBe("storage_unavailable");
});
