import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { jsonOf, type Ask } from "../egress/ask.ts";

/**
 * The keys of issuers. What is younger than ten minutes is taken as it is; up to twice that it answers at once and is
 * renewed behind the call; what is older is asked for first. A token that names a key which is not there has the issuer
 * asked at once, so that a rotation costs no call, but never more often than every three seconds: whoever comes sooner
 * waits for that moment, together with all others, whatever strangers send.
 *
 * While the issuer is out of reach its last keys go on working for a day. A key that it took back stops with the next
 * answer it gives.
 */
export interface KeySource {
  /** The keys as they are known. Null: the issuer cannot be asked, and there is nothing from before. */
  keys(url: string): Promise<JWTVerifyGetKey | null>;
  /** Other keys than these, which lacked one that a token named. Null: there are no others. */
  otherThan(url: string, keys: JWTVerifyGetKey): Promise<JWTVerifyGetKey | null>;
}

interface KeySourceDeps {
  readonly ask: Ask;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Kept {
  readonly getKey: JWTVerifyGetKey | null;
  readonly text: string;
  /** When these keys came. */
  readonly loadedAt: number;
  /** When the issuer was asked last, whatever it said. */
  readonly askedAt: number;
}

const FRESH_MS = 10 * 60_000;
const USABLE_MS = 2 * FRESH_MS;
const WITHOUT_ISSUER_MS = 24 * 60 * 60_000;
const ASK_AGAIN_MS = 3_000;
const MOST = 500;
const NOTHING: Kept = { getKey: null, text: "", loadedAt: -Infinity, askedAt: -Infinity };

export function createKeySource({ ask, now, sleep }: KeySourceDeps): KeySource {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<Kept>>();

  function fetchKeys(url: string): Promise<Kept> {
    const running = asking.get(url);
    if (running) return running;
    const started = load(url).finally(() => asking.delete(url));
    asking.set(url, started);
    return started;
  }

  async function load(url: string): Promise<Kept> {
    const before = kept.get(url) ?? NOTHING;
    const wait = before.askedAt + ASK_AGAIN_MS - now();
    if (wait > 0) await sleep(wait);
    const read = await askIssuer(ask, url);
    const at = now();
    const text = read && JSON.stringify(read);
    const isSame = text === before.text && before.getKey !== null;
    const next: Kept =
      read === null || text === null
        ? { ...before, askedAt: at }
        : { getKey: isSame ? before.getKey : createLocalJWKSet(read), text, loadedAt: at, askedAt: at };
    if (kept.size >= MOST) kept.clear();
    kept.set(url, next);
    return next;
  }

  function within(known: Kept, ms: number): JWTVerifyGetKey | null {
    return now() - known.loadedAt < ms ? known.getKey : null;
  }

  return {
    async keys(url) {
      const known = kept.get(url) ?? NOTHING;
      const fresh = within(known, FRESH_MS);
      if (fresh) return fresh;
      const mayAsk = now() - known.askedAt >= ASK_AGAIN_MS;
      const usable = within(known, USABLE_MS);
      if (usable) {
        if (mayAsk) void fetchKeys(url);
        return usable;
      }
      // Nobody waits behind an issuer that has just not answered.
      return within(mayAsk || asking.has(url) ? await fetchKeys(url) : known, WITHOUT_ISSUER_MS);
    },
    async otherThan(url, keys) {
      const known = kept.get(url);
      const current = known?.getKey && known.getKey !== keys ? known : await fetchKeys(url);
      return current.getKey === keys ? null : current.getKey;
    },
  };
}

/** Null for whatever is no set of keys, and for no answer. */
async function askIssuer(ask: Ask, url: string): Promise<JSONWebKeySet | null> {
  const asked = await ask({ method: "GET", url, headers: { accept: "application/json" }, body: null });
  return asked.ok && asked.answer.status === 200 ? readKeys(jsonOf(asked.answer)) : null;
}

function readKeys(document: unknown): JSONWebKeySet | null {
  if (typeof document !== "object" || document === null || !("keys" in document)) return null;
  const { keys } = document;
  if (!Array.isArray(keys)) return null;
  // A symmetric key in a public document is known to everybody.
  const usable = keys.filter(
    (key: unknown) => typeof key === "object" && key !== null && "kty" in key && key.kty !== "oct",
  );
  return { keys: usable as JSONWebKeySet["keys"] };
}
