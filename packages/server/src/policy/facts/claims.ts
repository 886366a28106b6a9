/** What the caller says, in the normal form that patterns are compared in. */
export function normalizedClaims(claims: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, value.normalize("NFC")]));
}
