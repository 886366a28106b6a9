import { askStatus } from "./ask-status.ts";
import type { Outcome } from "./options.ts";
import { failure, readMessage } from "./read-result.ts";

/**
 * The window with the vault's page. Its end is told by a message of the vault's origin. Where that cannot come, because a
 * provider's page has cut the tie between the windows, the vault is asked instead. A window that has been cut off looks
 * exactly like a closed one; it counts as closed when nobody is at the provider, or when the user has been back on this
 * page for a while.
 */
export interface Popup {
  close(): void;
}

interface PopupOptions {
  readonly url: string;
  readonly baseURL: string;
  readonly token: string;
  readonly onEnd: (outcome: Outcome) => void;
}

const WIDTH = 500;
const HEIGHT = 700;
const LOOK_EVERY_MS = 400;
const ASK_EVERY_MS = 1_500;
const BACK_FOR_MS = 8_000;

/** Null when the browser blocks it. */
export function openPopup({ url, baseURL, token, onEnd }: PopupOptions): Popup | null {
  const left = Math.round(window.screenX + (window.outerWidth - WIDTH) / 2);
  const top = Math.round(window.screenY + (window.outerHeight - HEIGHT) / 2);
  const features = `width=${WIDTH},height=${HEIGHT},left=${left},top=${top},resizable=yes,scrollbars=yes,status=yes`;
  const popup = window.open(url, "alter_oauth_popup", features);
  if (!popup) return null;
  const { origin } = new URL(baseURL);
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function end(outcome: Outcome | null): void {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    window.removeEventListener("message", onMessage);
    if (!popup?.closed) popup?.close();
    if (outcome) onEnd(outcome);
  }

  function onMessage(event: MessageEvent): void {
    if (event.origin !== origin) return;
    const outcome = readMessage(event.data);
    if (outcome) end(outcome);
  }

  function look(): void {
    if (popup?.closed) void askOn(0);
    else timer = setTimeout(look, LOOK_EVERY_MS);
  }

  async function askOn(backForMs: number): Promise<void> {
    const status = await askStatus(baseURL, token);
    if (ended) return;
    if (status?.outcome) return end(status.outcome);
    if (!status?.atProvider || backForMs >= BACK_FOR_MS) return end({ kind: "exit" });
    const back = document.hasFocus() ? backForMs + ASK_EVERY_MS : 0;
    timer = setTimeout(() => void askOn(back), ASK_EVERY_MS);
  }

  window.addEventListener("message", onMessage);
  timer = setTimeout(look, LOOK_EVERY_MS);
  return { close: () => end(null) };
}

export const POPUP_BLOCKED: Outcome = failure(
  "popup_blocked",
  "The browser blocked the window. Call open() directly in the click, or allow popups for this page.",
);
