import type { IdpRecord } from "../../store/identity-records.ts";
import { readAuth0 } from "./read-auth0.ts";
import { readClerk } from "./read-clerk.ts";
import { readGeneric } from "./read-generic.ts";
import { unauthorized, unreadable, type ReadNotices, type SignedNotice } from "./notice.ts";
import { verifyStandard } from "./verify-standard.ts";

/** Nothing of a notice is looked at before it has shown where it comes from. */
export function readNotices(
  kind: NonNullable<IdpRecord["webhookKind"]>,
  secret: string | undefined,
  signed: SignedNotice,
  nowMs: number,
): ReadNotices {
  if (secret === undefined) return unauthorized("no secret was agreed on");
  if (kind === "auth0") return readAuth0(secret, signed);
  const verified = verifyStandard(secret, signed, kind === "svix" ? "svix" : "webhook", nowMs);
  if (!verified.ok) return verified;
  const body = parse(signed.body);
  if (kind === "svix") {
    const read = readClerk(body);
    if (read === undefined) return { ok: true, notices: [] };
    if (read === null) return unreadable("the event names nobody");
    const { event, saidAt } = read;
    // What it tells of happened before it was sent.
    return { ok: true, notices: [{ id: verified.id, saidAt: Math.min(saidAt ?? verified.at, verified.at), event }] };
  }
  const event = readGeneric(body);
  if (!event) return unreadable("the event is of no kind that is described, or names nobody");
  return { ok: true, notices: [{ id: verified.id, saidAt: verified.at, event }] };
}

function parse(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return value;
  } catch {
    return undefined;
  }
}
