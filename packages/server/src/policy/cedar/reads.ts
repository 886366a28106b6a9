/** What a policy looks at: nothing else is worked out and handed over. */
export interface CedarReads {
  /** Attributes of the context. */
  readonly attributes: ReadonlySet<string>;
  /** By attribute: the tags that are looked up in it. */
  readonly tags: ReadonlyMap<string, ReadonlySet<string>>;
  /** Uses that cannot be followed, in words. */
  readonly problems: readonly string[];
}

interface Found {
  readonly attributes: Set<string>;
  readonly tags: Map<string, Set<string>>;
  readonly problems: string[];
}

/** @param policies in the JSON form of Cedar */
export function readsOf(policies: readonly unknown[]): CedarReads {
  const found: Found = { attributes: new Set(), tags: new Map(), problems: [] };
  for (const policy of policies) walk(policy, found);
  return found;
}

function walk(node: unknown, found: Found): void {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) walk(one, found);
    return;
  }
  for (const [kind, value] of Object.entries(node)) {
    if (kind === "Var" && value === "context") {
      found.problems.push("the context is used as a whole; name the attribute that is meant");
    } else if (kind === "." || kind === "has") {
      const { left, attr } = value as { left: unknown; attr: string };
      if (isContext(left)) found.attributes.add(attr);
      else walk(left, found);
    } else if (kind === "hasTag" || kind === "getTag") {
      noteTag(value as TagUse, found);
    } else {
      walk(value, found);
    }
  }
}

interface TagUse {
  readonly left: unknown;
  readonly right: unknown;
}

function noteTag({ left, right }: TagUse, found: Found): void {
  walk(left, found);
  const attribute = attributeOf(left);
  const tag = textOf(right);
  if (attribute === null || tag === null) {
    found.problems.push('fields are looked up by a literal: context.body.getTag("/amount")');
    return;
  }
  const tags = found.tags.get(attribute) ?? new Set();
  tags.add(tag);
  found.tags.set(attribute, tags);
}

function attributeOf(node: unknown): string | null {
  const access = (node as { ".": { left: unknown; attr: string } } | null)?.["."];
  return access && isContext(access.left) ? access.attr : null;
}

function isContext(node: unknown): boolean {
  return (node as { Var?: unknown } | null)?.Var === "context";
}

function textOf(node: unknown): string | null {
  const value = (node as { Value?: unknown } | null)?.Value;
  return typeof value === "string" ? value : null;
}
