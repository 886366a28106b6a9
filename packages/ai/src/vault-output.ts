import type { ActionRequired, ModelFailure } from "@alter-vault/sdk";
import type { JSONValue } from "ai";

/** What a tool gives back. The model sees `data` alone, or `error`; your code and the UI see all of it. */
export type VaultOutput<Data> =
  | { readonly ok: true; readonly data: Data }
  | {
      readonly ok: false;
      readonly error: VaultError;
      /** What somebody must do first, for a card in the UI. */
      readonly action?: ActionRequired;
      /** The tool waits for it, and there will be another output. */
      readonly waiting?: true;
    };

export type VaultError = Omit<ModelFailure, "error"> & { readonly code: ModelFailure["error"] };

export function failedOutput(told: ModelFailure, action: ActionRequired | null): VaultOutput<never> & { ok: false } {
  const { error: code, ...rest } = told;
  return { ok: false, error: { code, ...rest }, ...(action === null ? {} : { action }) };
}

/**
 * Version 5 hands over the output itself, later ones an object with it. It may be anything: chat histories come back
 * from browsers.
 */
export function toModelOutput(
  given: unknown,
): { type: "text"; value: string } | { type: "json" | "error-json"; value: JSONValue } {
  const output = isObject(given) && "output" in given ? given.output : given;
  if (isObject(output) && output.ok === false)
    return { type: "error-json", value: (output.error ?? null) as JSONValue };
  const data = isObject(output) && output.ok === true ? output.data : output;
  if (typeof data === "string") return { type: "text", value: data };
  return { type: "json", value: (data ?? null) as JSONValue };
}

export function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null;
}
