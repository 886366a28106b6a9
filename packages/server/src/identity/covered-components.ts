import { coveredComponents } from "@alter-vault/protocol";

type Headers = Readonly<Record<string, string | undefined>>;

/** Lists that were found to be canonical, as they stand in the header. Callers send one of a few. */
const canonical = new Map<string, readonly string[]>();
const MOST = 256;
const LONGEST = 1024;
/** `@method`, `@authority`, `@path` and `@query` lead every list. */
const DERIVED = 4;

/**
 * The covered components of a message, if `list` names exactly these in their one order, and null otherwise. A list that
 * was seen before is compared with the headers without being made anew.
 */
export function componentsIfExactly(list: string, headers: Headers): readonly string[] | null {
  const known = canonical.get(list);
  if (known) return isOf(known, headers) ? known : null;
  const components = coveredComponents(headers);
  if (list !== `"${components.join('" "')}"`) return null;
  if (list.length <= LONGEST) {
    if (canonical.size >= MOST) canonical.clear();
    canonical.set(list, components);
  }
  return components;
}

/** As many as there have to be, and every one of the list among them: then they are the same. */
function isOf(components: readonly string[], headers: Headers): boolean {
  let count = DERIVED;
  for (const name in headers) {
    if ((name.startsWith("alter-") || name === "content-digest") && headers[name] !== undefined) count++;
  }
  if (count !== components.length) return false;
  for (let i = DERIVED; i < components.length; i++) if (headers[components[i] as string] === undefined) return false;
  return true;
}
