import { hide } from "./alter-sdk-error.ts";

/** The object with one more property, which is there to be read, and which printing and serializing leave out. */
export function withSecret<Shown extends object, Name extends string, Value>(
  shown: Shown,
  name: Name,
  value: Value,
): Shown & Readonly<Record<Name, Value>> {
  hide(shown, name, value);
  return shown as Shown & Readonly<Record<Name, Value>>;
}
