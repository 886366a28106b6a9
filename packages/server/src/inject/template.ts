export type TemplatePart = { readonly text: string } | { readonly field: string };

/**
 * A template of a custom injection. `{name}` stands for a field of the value, `{{` and `}}` for a brace; everything
 * else is itself. A single brace that belongs to none of these is a mistake, not a literal.
 */
export function parseTemplate(template: string): { ok: true; parts: TemplatePart[] } | { ok: false; message: string } {
  const parts: TemplatePart[] = [];
  for (const [token, field] of template.matchAll(/\{\{|\}\}|\{([a-z][a-z0-9_]{0,39})\}|[^{}]+|[{}]/g)) {
    if (field !== undefined) parts.push({ field });
    else if (token === "{{" || token === "}}") parts.push({ text: token.slice(1) });
    else if (token === "{" || token === "}")
      return { ok: false, message: `has a stray "${token}"; write it twice to mean it` };
    else parts.push({ text: token });
  }
  return { ok: true, parts };
}
