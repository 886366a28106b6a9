/**
 * How a call learns that its caller went away. An AbortSignal is one; {@link HangUp} is as much of one as a call needs:
 * adding a listener to an AbortSignal costs more than the rest of it, and leaves links behind that keep whole calls alive
 * until the next full garbage collection.
 */
export interface HangUpSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: HangUpListener): void;
  removeEventListener(type: "abort", listener: HangUpListener): void;
}

export interface HangUpListener {
  handleEvent(): void;
}

/** For one call, and so for one listener. */
export class HangUp implements HangUpSignal {
  aborted = false;
  #listener: HangUpListener | null = null;

  addEventListener(_type: "abort", listener: HangUpListener): void {
    if (this.#listener) throw new Error("a call has one listener");
    this.#listener = listener;
  }

  removeEventListener(_type: "abort", listener: HangUpListener): void {
    if (this.#listener === listener) this.#listener = null;
  }

  /** The caller is gone. Told once. */
  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listener?.handleEvent();
  }
}
