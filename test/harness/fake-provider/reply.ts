import { rawAnswer, type Fixture } from "@alter-vault/providers";

/** What the fake says. `hang` says nothing at all, `drop` closes the connection. */
export type Reply =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | "hang"
  | "drop";

export function jsonReply(status: number, json: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(json) };
}

/** An answer of the catalogue as it stands there. */
export function fixtureReply(fixture: Fixture): Reply {
  const { status, contentType, body } = rawAnswer(fixture);
  return { status, headers: { ...fixture.headers, "content-type": contentType ?? "application/json" }, body };
}

export function redirectReply(location: string): Reply {
  return { status: 302, headers: { location }, body: "" };
}
