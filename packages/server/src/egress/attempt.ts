import type { Dispatcher } from "undici";
import type { Answer } from "./answer.ts";
import type { Hop } from "./redirect.ts";

type Received = Readonly<Record<string, string | string[] | undefined>>;
type Controller = Dispatcher.DispatchController;

/** Who decides what becomes of an attempt. */
export interface AttemptOwner {
  /** The final headers are here. Answers with where the body goes, or null when nobody wants it. */
  onAnswer(attempt: Attempt, controller: Controller, status: number, headers: Received): Answer | null;
  onBodySent(bytes: number): void;
  onBroken(attempt: Attempt, error: Error): void;
  onNonsense(attempt: Attempt, detail: string): void;
}

const MAX_INFORMATIONAL = 16;
/** Worth reading to keep the connection; a longer body nobody wants costs more than a new one. */
const MAX_DISCARDED_BYTES = 16 * 1024;

/** One request on one connection, as undici tells about it. It throws nothing into undici but to say "not any more". */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly hop: Hop;
  readonly #owner: AttemptOwner;
  #controller: Controller | null = null;
  #answer: Answer | null = null;
  /** The final headers came, and nobody wants the body: another attempt follows. */
  #isUnwanted = false;
  #informational = 0;
  #discarded = 0;
  #over = false;

  constructor(hop: Hop, owner: AttemptOwner) {
    this.hop = hop;
    this.#owner = owner;
  }

  /** There was a connection for it, and it began to be written there. */
  get hasBegun(): boolean {
    return this.#controller !== null;
  }

  /** Ends the request and its connection, now or, while it waits for one, before anything is sent. */
  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#answer?.destroy();
    this.#controller?.abort(new Error("the call is over"));
  }

  onRequestStart(controller: Controller): void {
    // Thrown, not aborted: undici then drops the request and keeps the connection for others.
    if (this.#over) throw new Error("the call was over before it began");
    this.#controller = controller;
  }

  onBodySent(chunk: Buffer): void {
    this.#owner.onBodySent(chunk.length);
  }

  onResponseStart(controller: Controller, status: number, headers: Received): void {
    if (this.#over) return;
    if (status >= 200) {
      this.#answer = this.#owner.onAnswer(this, controller, status, headers);
      this.#isUnwanted = this.#answer === null;
    } else if (++this.#informational > MAX_INFORMATIONAL) this.#owner.onNonsense(this, "keeps on announcing an answer");
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#answer) this.#answer.write(chunk);
    else if ((this.#discarded += chunk.length) > MAX_DISCARDED_BYTES) this.cancel();
  }

  onResponseEnd(): void {
    if (this.#over) return;
    // An answer that is still being decoded lives on; cancel() must reach it.
    if (this.#answer) this.#answer.end();
    else this.#over = true;
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#isUnwanted) return;
    this.#answer?.destroy();
    this.#owner.onBroken(this, error);
  }
}
