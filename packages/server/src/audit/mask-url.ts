/** Query names whose values are likely to be secret or personal. Their values are not written down. */
const TELLING =
  /(^|[-_.])(access|api|auth|client|private|refresh|session|id)?[-_.]?(token|key|secret|sig|signature|pass|passwd|password|pwd|code|otp|jwt|credential|credentials|authorization|assertion)$/i;

/** The URL for the log: no user info, no fragment, values of telling query names masked. */
export function maskUrl(url: URL): string {
  if (!url.search) return `${url.origin}${url.pathname}`;
  const pairs = url.search
    .slice(1)
    .split("&")
    .map((pair) => {
      const cut = pair.indexOf("=");
      const name = cut === -1 ? pair : pair.slice(0, cut);
      return cut !== -1 && TELLING.test(decodeName(name)) ? `${name}=***` : pair;
    });
  return `${url.origin}${url.pathname}?${pairs.join("&")}`;
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** For a target that did not parse: what can be shown of it without showing what it may hide. */
export function maskRawTarget(target: string): string {
  return target
    .slice(0, 500)
    .replace(/[?#].*$/s, "")
    .replace(/[^\x20-\x7e]/g, "?")
    .replace(/\/\/[^/]*@/, "//***@");
}
