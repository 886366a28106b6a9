import { hash, timingSafeEqual } from "node:crypto";
import { resolvePointer, textAt } from "@alter-vault/providers";
import { idOf } from "../../identity/read-user-claims.ts";
import {
  unauthorized,
  unreadable,
  type DirectoryEvent,
  type Notice,
  type ReadNotices,
  type SignedNotice,
} from "./notice.ts";

/**
 * Log Streams of Auth0 (custom webhook). They are not signed: what shows where they come from is the Authorization header
 * that was agreed on, which must therefore be a long random one. Users that are deleted (`sdu`), blocked (`ublkdu`) and
 * unblocked (`ubuu`) count; all other entries of the log are none of the vault's business.
 */
export function readAuth0(secret: string, { headers, body }: SignedNotice): ReadNotices {
  if (!isSame(headers["authorization"] ?? "", secret)) return unauthorized("the Authorization header is another one");
  const entries = entriesOf(body.toString("utf8"));
  if (!entries) return unreadable("the body is no list of log entries");
  const notices: Notice[] = [];
  for (const entry of entries) {
    const read = readEntry(entry);
    if (read === null) return unreadable("an entry names no user, or no time");
    if (read) notices.push(read);
  }
  return { ok: true, notices };
}

/** With or without `Bearer`: Auth0 sends the field as it was typed. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string): Buffer => hash("sha256", text.replace(/^Bearer /i, ""), "buffer");
  return timingSafeEqual(digest(given), digest(secret));
}

/** A list, one entry, or one entry a line. */
function entriesOf(text: string): unknown[] | null {
  const parsed = parse(text);
  if (parsed !== undefined) return Array.isArray(parsed) ? parsed : [parsed];
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const entries = lines.map(parse);
  return lines.length === 0 || entries.includes(undefined) ? null : entries;
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function readEntry(entry: unknown): Notice | null | undefined {
  const data = resolvePointer(entry, "/data");
  const type = textAt(data, "/type");
  if (type !== "sdu" && type !== "ublkdu" && type !== "ubuu") return undefined;
  const id = textAt(entry, "/log_id") ?? textAt(data, "/log_id");
  const subject = idOf(resolvePointer(data, "/user_id"), 500);
  const saidAt = Date.parse(textAt(data, "/date") ?? "");
  if (id === undefined || id.length > 200 || subject === null || Number.isNaN(saidAt)) return null;
  const event: DirectoryEvent =
    type === "sdu"
      ? { type: "user.deleted", subject }
      : { type: "user.seen", user: { subject, active: type === "ubuu" } };
  return { id, saidAt, event };
}
