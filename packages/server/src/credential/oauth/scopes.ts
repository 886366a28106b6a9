/** Asked for, and not among the granted ones. A provider that does not say what it granted granted what was asked. */
export function missingScopes(asked: readonly string[], granted: readonly string[]): string[] {
  const has = new Set(granted);
  return asked.filter((scope) => !has.has(scope));
}
