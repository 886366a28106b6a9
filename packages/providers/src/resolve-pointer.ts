/**
 * Finds what a JSON Pointer (RFC 6901) points at. Own properties only, so that `/constructor` finds nothing. `undefined`
 * when there is nothing.
 */
export function resolvePointer(document: unknown, pointer: string): unknown {
  let current = document;
  for (const escaped of pointer.split("/").slice(1)) {
    const key = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

/** The same for a value that is a text, or a number that stands for one. `undefined` when it is neither, or empty. */
export function textAt(document: unknown, pointer: string): string | undefined {
  const value = resolvePointer(document, pointer);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}
