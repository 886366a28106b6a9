import { askStatus } from "./ask-status.ts";
import type { Outcome } from "./options.ts";
import { failure, readReturn, RETURN_PARAMETERS } from "./read-result.ts";

/** Going to the vault with the page itself, and what is known when it comes back. */
interface Journey {
  readonly timestamp: number;
  readonly returnUrl: string;
  readonly baseURL: string;
  readonly token: string;
}

const KEY = "alter_oauth_state";
const GOOD_FOR_MS = 30 * 60_000;

export const NO_STORAGE: Outcome = failure(
  "redirect_error",
  "The browser keeps no session storage, so there is no way back.",
);

/** False when there would be no way back. */
export function leave(url: string, baseURL: string, token: string): boolean {
  const journey: Journey = { timestamp: Date.now(), returnUrl: location.href, baseURL, token };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(journey));
  } catch {
    return false;
  }
  location.assign(url);
  return true;
}

/**
 * The result, when this page was just returned to. Parameters of a URL are anybody's to write: what counts is what the
 * vault says about the session that this page had left with, if it says it to this page.
 */
export async function arrive(): Promise<Outcome | null> {
  const journey = takeJourney();
  if (!journey) return null;
  const said = readReturn(new URLSearchParams(location.search));
  if (!said) return null;
  cleanAddress();
  const status = await askStatus(journey.baseURL, journey.token);
  return status?.outcome ?? said;
}

function takeJourney(): Journey | null {
  try {
    const journey = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Journey | null;
    if (!journey) return null;
    const arrived = readReturn(new URLSearchParams(location.search)) !== null;
    const stale = Date.now() - journey.timestamp > GOOD_FOR_MS;
    // A page that is only loaded again has not come back yet.
    if (arrived || stale) sessionStorage.removeItem(KEY);
    return arrived && !stale ? journey : null;
  } catch {
    // Storage is switched off, or somebody else wrote there: nothing that could be believed.
    return null;
  }
}

function cleanAddress(): void {
  const url = new URL(location.href);
  for (const name of RETURN_PARAMETERS) url.searchParams.delete(name);
  history.replaceState(history.state, "", url.href);
}
