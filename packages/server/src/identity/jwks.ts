import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { jsonOf, type Ask } from "../egress/ask.ts";

/**
 * The keys of issuers, kept for ten minutes and asked for again when a token names one that is not among them: a rotation is
 * noticed with the first token of the new key, and the old keys go on working as long as the issuer lists them. An issuer
 * is asked at most once in ten seconds, whatever strangers send.
 */
export interface KeySource {
  /** The keys as they are known. Null: the issuer cannot be asked, and there is nothing from before. */
  keys(url: string): Promise<JWTVerifyGetKey | null>;
  /** A token named a key that is not among them. Whether there are other keys now. */
  refresh(url: string): Promise<boolean>;
}

interface Kept {
  readonly getKey: JWTVerifyGetKey | null;
  readonly text: string;
  readonly askedAt: number;
}

const KEPT_MS = 10 * 60_000;
const ASK_AGAIN_MS = 10_000;
const MOST = 500;

export function createKeySource(ask: Ask, now: () => number): KeySource {
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
    const before = kept.get(url);
    const asked = await ask({ method: "GET", url, headers: { accept: "application/json" }, body: null });
    const read = asked.ok && asked.answer.status === 200 ? readKeys(jsonOf(asked.answer)) : null;
    // Keys that worked are better than none while the issuer is out of reach.
    const next: Kept = {
      getKey: read ? createLocalJWKSet(read) : (before?.getKey ?? null),
      text: read ? JSON.stringify(read) : (before?.text ?? ""),
      askedAt: now(),
    };
    if (kept.size >= MOST) kept.clear();
    kept.set(url, next);
    return next;
  }

  return {
    async keys(url) {
      const known = kept.get(url);
      if (known && now() - known.askedAt < (known.getKey ? KEPT_MS : ASK_AGAIN_MS)) return known.getKey;
      // What is old but there answers at once, and is renewed behind it.
      if (known?.getKey) {
        void fetchKeys(url);
        return known.getKey;
      }
      return (await fetchKeys(url)).getKey;
    },
    async refresh(url) {
      const known = kept.get(url);
      if (known && now() - known.askedAt < ASK_AGAIN_MS && !asking.has(url)) return false;
      return (await fetchKeys(url)).text !== (known?.text ?? "");
    },
  };
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
