import { AlterValueError } from "./errors.ts";

/** Refuses a name that does not exist, so that a typing error does not silently do nothing. */
export function checkKnownNames(
  given: object,
  known: readonly string[],
  hints: Readonly<Record<string, string>> = {},
): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const hint =
      hints[name] ?? known.find((candidate) => candidate.toLowerCase() === name.replaceAll("_", "").toLowerCase());
    const advice = hint === undefined ? `The options are: ${known.join(", ")}.` : `Did you mean "${hint}"?`;
    throw new AlterValueError(`There is no option "${name}". ${advice}`);
  }
}
