import type { Keyring } from "../crypto/keyring.ts";
import { isLater, type Soon } from "../soon.ts";
import type { LogDraft } from "../store/log-records.ts";
import { readEntryBody, type EntryBody, type KnownEntry } from "./entry.ts";

/**
 * What a call says in words of its own: its URL, why it is made, what it tells of its surroundings. Any of it may name the
 * person it is made for, and an entry is never changed. So in entries of calls for a user it is sealed with the key of that
 * user, and cannot be read any more once they were erased, while the chain over the entries stays whole. What entries are
 * searched by stays in the clear: ids of runs, threads and tool calls, and everything that the vault itself says.
 *
 * Why a user approved a call of others, or did not, is theirs in the same way. A call for no user costs nothing of this.
 */
const SEARCHED: ReadonlySet<string> = new Set(["run_id", "thread_id", "tool_call_id"]);

type Said = Pick<KnownEntry, "url" | "reason" | "message" | "context">;
type Sealing = Pick<Keyring, "sealOwned">;
export type Opening = Pick<Keyring, "openOwned">;

/** The body of an entry as it is written. */
export function writeEntryBody(keyring: Sealing, entryId: string, body: KnownEntry): Soon<string> {
  const userId = body.user_id ?? body.principal_id;
  if (!saysOwnWords(body) || !userId || !body.app_id) return JSON.stringify(body);
  const { url, reason, message, context, ...open } = body;
  const [searched, told] = split(context ?? {});
  const said: Said = { url, reason, message, ...(told ? { context: told } : {}) };
  const text = JSON.stringify(said);
  if (text === "{}") return JSON.stringify(body);
  const owned = { appId: body.app_id, userId, record: `entry:${entryId}`, field: "said" };
  const sealing = keyring.sealOwned(owned, Buffer.from(text, "utf8"));
  const write = (sealed: Buffer): string =>
    JSON.stringify({ ...open, ...(searched ? { context: searched } : {}), said: sealed.toString("base64") });
  return isLater(sealing) ? sealing.then(write) : write(sealing);
}

/** Of all that is not a call, only why somebody approved one is in the words of the user who is named. */
function saysOwnWords({ kind, action }: KnownEntry): boolean {
  return kind === "request" || action === "decideApproval";
}

export interface ReadBody extends EntryBody {
  /** What the call said cannot be read any more: the user it was made for was erased. */
  readonly erased: boolean;
}

/** The body of an entry as it is read back. */
export async function openEntryBody(
  keyring: Opening,
  { appId, entryId, body }: Pick<LogDraft, "appId" | "entryId" | "body">,
): Promise<ReadBody> {
  const { said, ...read } = readEntryBody(body) as EntryBody & { readonly said?: string };
  if (said === undefined) return { ...read, erased: false };
  const context = { appId: appId ?? "", record: `entry:${entryId}`, field: "said" };
  const opened = await keyring.openOwned(context, Buffer.from(said, "base64"));
  if (!opened.ok) return { ...read, erased: true };
  const told = JSON.parse(opened.plain.toString("utf8")) as Partial<Pick<EntryBody, keyof Said>>;
  return { ...read, ...told, context: { ...told.context, ...read.context }, erased: false };
}

type Context = Readonly<Record<string, string>>;

function split(context: Context): [searched: Context | null, told: Context | null] {
  const searched: Record<string, string> = {};
  const told: Record<string, string> = {};
  for (const [name, value] of Object.entries(context)) (SEARCHED.has(name) ? searched : told)[name] = value;
  const orNull = (part: Context): Context | null => (Object.keys(part).length === 0 ? null : part);
  return [orNull(searched), orNull(told)];
}
