import assert from "node:assert/strict";

/** Follows a link of Connect, allows everything, and comes back: what a person does with a few clicks. */
export async function connectByLink(link: string): Promise<void> {
  const page = await (await fetch(link)).text();
  const body = new URLSearchParams();
  for (const [, name = "", value = ""] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g))
    body.set(name, value);
  const start = { method: "POST", body, headers: { "sec-fetch-site": "same-origin" } };
  const departure = await fetch(new URL("/connect/start", link), start);
  const cookie = departure.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const authorize = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(await departure.text())?.[1];
  assert.ok(authorize, "Connect does not lead to the calendar");
  const allowed = await fetch(readable(authorize), { method: "POST", redirect: "manual" });
  const back = await fetch(allowed.headers.get("location") ?? "", { headers: { cookie }, redirect: "manual" });
  assert.equal(back.status, 303);
}

function readable(text: string): string {
  return text.replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code))).replaceAll("&amp;", "&");
}
