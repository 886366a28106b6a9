import { StorageUnavailable } from "../store.ts";
import type { ChainHead, Link, LogAppend, LogDraft, LogStore, Nonce } from "../log-records.ts";
import type { Database } from "./database.ts";
import { codeOf, UNIQUE } from "./failure.ts";

/**
 * The write before every call, in one statement and one round trip: it uses up the nonces, moves the end of the chain and
 * adds the rows, or does nothing at all. Nothing is written when one of the nonces was used before; then the others are
 * written by a second try. The end of the chain is moved only from where the caller believes it to be, so a chain cannot
 * fork, whoever writes it.
 *
 * A commit whose answer was lost may have been made. So when the end of the chain is elsewhere, or a row is there already,
 * what was written is found out, left out, and the rest goes behind it.
 */
const APPEND = `
  WITH incoming AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (created, key_id, nonce)
  ), replayed AS (
    SELECT i.created, i.key_id, i.nonce FROM incoming i JOIN nonces n
      ON n.created = i.created AND n.key_id = i.key_id AND n.nonce = i.nonce
  ), moved AS (
    INSERT INTO chains AS c (writer, seq, hash, open, opened_after, seen_at)
      SELECT $4::text, $7::bigint, $8::bytea, false, $5::bigint, now() WHERE NOT EXISTS (SELECT FROM replayed)
      ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, seen_at = excluded.seen_at
        WHERE c.seq = $5::bigint AND c.hash = $6::bytea
      RETURNING 1
  ), used AS (
    INSERT INTO nonces SELECT created, key_id, nonce FROM incoming WHERE EXISTS (SELECT FROM moved)
  ), written AS (
    INSERT INTO log (writer, seq, kind, entry_id, app_id, at, body, hash)
      SELECT $4::text, r.seq, r.kind, r.entry_id, r.app_id, r.at, r.body, r.hash
      FROM unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bytea[])
        AS r (seq, kind, entry_id, app_id, at, body, hash)
      WHERE EXISTS (SELECT FROM moved)
  )
  SELECT EXISTS (SELECT FROM moved) AS moved,
    (SELECT coalesce(json_agg(json_build_array(created, key_id, nonce)), '[]') FROM replayed) AS replayed`;

interface Answer {
  readonly moved: boolean;
  readonly replayed: readonly [number, string, string][];
}

interface Waiting {
  readonly append: LogAppend;
  readonly index: number;
}

const nameOf = ({ created, keyId, nonce }: Nonce): string => `${created} ${keyId} ${nonce}`;

export function appendLogTo(db: Database, chainHead: LogStore["chainHead"]): LogStore["appendLog"] {
  /** Null: the end of the chain is elsewhere, or another replica used one of the nonces at this moment. */
  async function tryOnce(
    writer: string,
    head: ChainHead,
    waiting: readonly Waiting[],
    link: Link,
  ): Promise<{ head: ChainHead; replayed: ReadonlySet<string> } | null> {
    const { values, last } = valuesOf(writer, head, waiting, link);
    try {
      const answer = await db.get<Answer>(APPEND, ...values);
      if (answer?.moved) return { head: last, replayed: new Set() };
      if (!answer || answer.replayed.length === 0) return null;
      const names = answer.replayed.map(([created, keyId, nonce]) => nameOf({ created, keyId, nonce }));
      return { head, replayed: new Set(names) };
    } catch (error) {
      if (codeOf(error) === UNIQUE) return null;
      throw error;
    }
  }

  /** Of these, what a commit wrote whose answer did not come. */
  async function alreadyWritten(waiting: readonly Waiting[]): Promise<ReadonlySet<string>> {
    const ids = waiting.flatMap(({ append: { draft } }) => (draft ? [draft.entryId] : []));
    const rows = await db.all<{ kind: LogDraft["kind"]; entry_id: string }>(
      "SELECT kind, entry_id FROM log WHERE entry_id = ANY($1::text[])",
      ids,
    );
    return new Set(rows.map(({ kind, entry_id: entryId }) => `${kind} ${entryId}`));
  }

  return async (writer, head, appends, link) => {
    const results = appends.map((): "written" | "replayed" => "written");
    let waiting = withoutTwins(appends, results);
    let last = head;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const tried = await tryOnce(writer, last, waiting, link);
      if (tried && tried.replayed.size === 0) return { head: tried.head, results };
      if (tried) {
        waiting = waiting.filter(({ append: { nonce }, index }) => {
          if (!nonce || !tried.replayed.has(nameOf(nonce))) return true;
          results[index] = "replayed";
          return false;
        });
      } else {
        const written = await alreadyWritten(waiting);
        waiting = waiting.filter(({ append: { draft } }) => !draft || !written.has(`${draft.kind} ${draft.entryId}`));
        last = await chainHead(writer);
      }
    }
    throw new StorageUnavailable("the end of the chain keeps moving");
  };
}

const MOST_ATTEMPTS = 4;

/** A nonce that comes twice in one write is used by the first. */
function withoutTwins(appends: readonly LogAppend[], results: ("written" | "replayed")[]): Waiting[] {
  const seen = new Set<string>();
  return appends.flatMap((append, index) => {
    if (append.nonce) {
      const name = nameOf(append.nonce);
      if (seen.has(name)) {
        results[index] = "replayed";
        return [];
      }
      seen.add(name);
    }
    return [{ append, index }];
  });
}

function valuesOf(
  writer: string,
  head: ChainHead,
  waiting: readonly Waiting[],
  link: Link,
): { values: unknown[]; last: ChainHead } {
  // In one order everywhere, so that two replicas with the same ones do not wait for each other.
  const nonces = waiting
    .flatMap(({ append: { nonce } }) => (nonce ? [nonce] : []))
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const drafts = waiting.flatMap(({ append: { draft } }) => (draft ? [draft] : []));
  let last = head;
  const heads = drafts.map((draft) => (last = link(last, draft)));
  const values = [
    nonces.map(({ created }) => created),
    nonces.map(({ keyId }) => keyId),
    nonces.map(({ nonce }) => nonce),
    writer,
    head.seq,
    head.hash,
    last.seq,
    last.hash,
    heads.map(({ seq }) => seq),
    drafts.map(({ kind }) => kind),
    drafts.map(({ entryId }) => entryId),
    drafts.map(({ appId }) => appId),
    drafts.map(({ at }) => at),
    drafts.map(({ body }) => body),
    heads.map(({ hash }) => Buffer.from(hash)),
  ];
  return { values, last };
}
