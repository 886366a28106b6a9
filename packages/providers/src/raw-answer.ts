import type { RawAnswer } from "./read-token-answer.ts";
import type { Fixture } from "./schema/fixtures.ts";

/** A fixture as it would come over the wire. */
export function rawAnswer(fixture: Fixture): RawAnswer {
  const declared = Object.entries(fixture.headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  if (fixture.text !== undefined) {
    return { status: fixture.status, contentType: declared ?? "application/x-www-form-urlencoded", body: fixture.text };
  }
  const body = fixture.json === undefined ? "" : JSON.stringify(fixture.json);
  return { status: fixture.status, contentType: declared ?? "application/json", body };
}
