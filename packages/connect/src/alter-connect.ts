import { createEmitter, type Emitter, type Events } from "./emitter.ts";
import type { AlterConnectConfig, OpenOptions, Outcome } from "./options.ts";
import { openPopup, POPUP_BLOCKED, type Popup } from "./popup.ts";
import { arrive, leave, NO_STORAGE } from "./redirect.ts";
import { shouldRedirect } from "./should-redirect.ts";

const VERSION = "0.1.0";

/**
 * @example
 * const connect = AlterConnect.create({ baseURL: "https://vault.example.com" });
 * button.onclick = () => connect.open({ token, onSuccess: (grants) => save(grants[0].grant_id) });
 */
export class AlterConnect {
  readonly #config: AlterConnectConfig;
  readonly #emitter: Emitter = createEmitter();
  #popup: Popup | null = null;
  #cleanUps: (() => void)[] = [];
  #open = false;
  #destroyed = false;

  private constructor(config: AlterConnectConfig) {
    this.#config = config;
    // Handlers are registered after this; the result of a journey waits for them.
    setTimeout(() => void this.#returned());
  }

  static create(config: AlterConnectConfig = {}): AlterConnect {
    return new AlterConnect(config);
  }

  /**
   * Opens Connect: a popup, or, on phones and upright tablets, this very page. Call it in the click's own task, without
   * an `await` before it. Does nothing while it is open. Rejects with `invalid_options` and `sdk_destroyed`; everything
   * that happens later is told by the callbacks.
   */
  open(options: OpenOptions): Promise<void> {
    try {
      this.#alive("open");
      this.#openNow(options);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): void {
    this.#alive("close");
    this.#popup?.close();
    this.#popup = null;
    for (const cleanUp of this.#cleanUps.splice(0)) cleanUp();
    if (!this.#open) return;
    this.#open = false;
    this.#emitter.emit("close");
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#popup?.close();
    this.#popup = null;
    this.#open = false;
    this.#emitter.clear();
    this.#destroyed = true;
  }

  /** Returns the function that takes the handler off again. */
  on<Name extends keyof Events>(event: Name, handler: Events[Name]): () => void {
    this.#alive("on");
    return this.#emitter.on(event, handler);
  }

  off<Name extends keyof Events>(event: Name, handler: Events[Name]): void {
    this.#alive("off");
    this.#emitter.off(event, handler);
  }

  isOpen(): boolean {
    this.#alive("isOpen");
    return this.#open;
  }

  getVersion(): string {
    return VERSION;
  }

  #openNow(options: OpenOptions): void {
    const { token } = options;
    const baseURL = (options.baseURL ?? this.#config.baseURL ?? "").replace(/\/$/, "");
    if (typeof token !== "string" || token === "") {
      throw problem("invalid_options", "token is required: make a session in your backend with createConnectSession()");
    }
    if (typeof options.onSuccess !== "function") throw problem("invalid_options", "onSuccess is required");
    if (!/^https?:$/.test(URL.canParse(baseURL) ? new URL(baseURL).protocol : "")) {
      throw problem("invalid_options", "baseURL is required: the address of your vault, https://vault.example.com");
    }
    if (this.#open) return this.#debug("already open");
    this.#open = true;
    this.#register(options);
    // The token is in the fragment, which browsers send to nobody.
    const url = `${baseURL}/sdk/oauth/connect#session=${encodeURIComponent(token)}`;
    if (shouldRedirect(window)) {
      if (!leave(url, baseURL, token)) this.#end(NO_STORAGE);
      return;
    }
    this.#popup = openPopup({ url, baseURL, token, onEnd: (outcome) => this.#end(outcome) });
    if (!this.#popup) return this.#end(POPUP_BLOCKED);
    this.#emitter.emit("event", "connect_opened", { timestamp: new Date().toISOString() });
  }

  #register({ onSuccess, onError, onExit, onEvent }: OpenOptions): void {
    this.#cleanUps.push(this.#emitter.on("success", onSuccess));
    if (onError) this.#cleanUps.push(this.#emitter.on("error", onError));
    if (onExit) this.#cleanUps.push(this.#emitter.on("exit", onExit));
    if (onEvent) this.#cleanUps.push(this.#emitter.on("event", onEvent));
  }

  #end(outcome: Outcome): void {
    if (this.#destroyed) return;
    this.#popup = null;
    this.#debug(outcome.kind);
    if (outcome.kind === "success") this.#emitter.emit("success", outcome.grants);
    else if (outcome.kind === "error") this.#emitter.emit("error", outcome.error);
    else this.#emitter.emit("exit");
    if (!this.#destroyed) this.close();
  }

  async #returned(): Promise<void> {
    if (this.#destroyed) return;
    const outcome = await arrive();
    if (outcome && !this.#open) this.#end(outcome);
  }

  #debug(what: string): void {
    if (this.#config.debug) this.#emitter.emit("event", "debug", { what });
  }

  #alive(method: string): void {
    if (this.#destroyed) throw problem("sdk_destroyed", `${method}() was called after destroy()`);
  }
}

function problem(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
