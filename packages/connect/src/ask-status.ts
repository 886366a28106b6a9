import type { Outcome } from "./options.ts";
import { readMessage } from "./read-result.ts";

export interface Status {
  /** Null while nothing is decided. */
  readonly outcome: Outcome | null;
  /** A browser is at the provider at this moment. */
  readonly atProvider: boolean;
}

/**
 * Asks the vault how the session stands. The token goes into a header, never into a URL. Null when the vault cannot be
 * reached, or does not answer this page: it does so for the session's own origin only.
 */
export async function askStatus(baseURL: string, token: string): Promise<Status | null> {
  try {
    const answer = await fetch(`${baseURL}/connect/status`, {
      headers: { authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
    });
    if (!answer.ok) return null;
    const body = (await answer.json()) as { message?: unknown; at_provider?: unknown };
    return { outcome: readMessage(body.message), atProvider: body.at_provider === true };
  } catch {
    // The network, or the browser's own refusal to hand the answer on: unknown is what there is to say.
    return null;
  }
}
