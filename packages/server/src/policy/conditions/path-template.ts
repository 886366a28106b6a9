import { foldPath } from "../facts/path.ts";

/** A segment of a template: text, or null for any one segment. */
export interface PathTemplate {
  readonly segments: readonly (string | null)[];
  /** `**` at the end: any rest, also none. */
  readonly open: boolean;
}

export function readTemplate(template: string): PathTemplate {
  const open = template.endsWith("/**");
  const inner = (open ? template.slice(0, -3) : template).replace(/^\//, "");
  const segments = inner === "" ? [] : inner.split("/");
  return { segments: segments.map((one) => (one === "*" || one.startsWith("{") ? null : one.normalize("NFC"))), open };
}

/** For paths that were folded, too. */
export function foldTemplate({ segments, open }: PathTemplate): PathTemplate {
  return { segments: foldPath(segments), open };
}

export function pathMatches({ segments, open }: PathTemplate, path: readonly string[]): boolean {
  if (open ? path.length < segments.length : path.length !== segments.length) return false;
  return segments.every((segment, at) => segment === null || segment === path[at]);
}
