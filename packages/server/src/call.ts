import type { Readable } from "node:stream";
import type { ErrorCode, Injection, Preview, Problem, ProblemDetails, Scope } from "@alter-vault/protocol";
import type { Facts } from "./audit/entry.ts";
import type { Asker } from "./identity/asker.ts";
import type { KeyBounds } from "./identity/key-bounds.ts";
import type { SignedCall } from "./identity/identify.ts";
import type { Soon } from "./soon.ts";

/** What goes through the door and what comes back out of it. */
export interface IncomingCall {
  readonly signed: SignedCall;
  /** Of whoever called, as far as it is known. */
  address(): string | null;
  readonly body: BodySource;
}

/** The body of a call; read at most once, after the signature was verified. */
export interface BodySource {
  read(): Soon<ReadBody>;
}

/** Small bodies are in memory, larger ones a stream. */
export type ReadBody =
  | { readonly ok: true; readonly buffer: Buffer; readonly stream: null }
  | { readonly ok: true; readonly buffer: null; readonly stream: Readable; readonly length: number | null }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

export interface Forwarded {
  readonly ok: true;
  readonly requestId: string;
}

export interface Retrieved {
  readonly ok: true;
  readonly keyDeprecated: boolean;
  readonly injection: Injection;
}

export interface Previewed {
  readonly ok: true;
  readonly keyDeprecated: boolean;
  readonly preview: Preview;
}

export interface Refused {
  readonly ok: false;
  readonly problem: Problem;
  /** Headers of the provider's answer are on the wire already: all that is left is to cut it off. */
  readonly started: boolean;
  /** The key works no better for it, and should be replaced. */
  readonly keyDeprecated?: boolean;
}

/** Why something is not done, before it is an answer. */
export interface Failure {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly details?: ProblemDetails;
}

/** Reading or changing what the vault keeps. */
export interface Operation {
  readonly scope: Scope | null;
  readonly action: string;
  /** A paused agent may ask for it all the same. */
  readonly allowPaused?: boolean;
  /** Changes something, or shows a lot: written down before and after. Plain reading only uses up the nonce. */
  readonly recorded: boolean;
  /** Looks at the input without doing anything yet. */
  plan(caller: OperationCaller, body: Buffer): Promise<Plan> | Plan;
}

export interface OperationCaller {
  readonly keyId: string;
  /** How far the key reaches that signed. */
  readonly bounds: KeyBounds;
  /** The app whose things are touched. */
  readonly appId: string;
  readonly scopes: readonly Scope[];
  readonly asker: Asker;
}

export type Plan =
  | { readonly ok: true; readonly facts?: Partial<Facts>; readonly run: () => Promise<Done | Failure> }
  | Failure;

export interface Done {
  readonly ok: true;
  readonly body: unknown;
  /** Instead of a body: lines, as they come. */
  readonly lines?: AsyncIterable<string>;
}

export interface Performed extends Done {
  readonly requestId: string;
  readonly keyDeprecated: boolean;
}
