/** Puts a value where a JSON Pointer leads, if something is there already. Answers whether there was. */
export function setAt(document: unknown, pointer: string | undefined, value: unknown): boolean {
  if (pointer === undefined) return false;
  const keys = pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop();
  let parent: unknown = document;
  for (const key of keys) parent = isObject(parent) ? parent[key] : undefined;
  if (last === undefined || !isObject(parent) || !Object.hasOwn(parent, last)) return false;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
