/** Collects what is wrong with a request, in words, so that one failing test tells everything at once. */
export class Check {
  readonly problems: string[] = [];

  fail(problem: string): void {
    this.problems.push(problem);
  }

  that(isRight: boolean, problem: string): void {
    if (!isRight) this.fail(problem);
  }

  /** Every expected parameter with its value, and nothing else but what is optional. `null` takes any value but none. */
  params(
    what: string,
    actual: URLSearchParams,
    expected: Readonly<Record<string, string | null>>,
    optional: readonly string[] = [],
  ): void {
    for (const [name, value] of Object.entries(expected)) {
      const given = actual.getAll(name);
      if (given.length === 0) this.fail(`${what}: ${name} is missing`);
      else if (given.length > 1) this.fail(`${what}: ${name} is there ${given.length} times`);
      else if (value !== null && given[0] !== value) this.fail(`${what}: ${name} is "${given[0]}", not "${value}"`);
      else if (given[0] === "") this.fail(`${what}: ${name} is empty`);
    }
    for (const name of new Set(actual.keys())) {
      if (!Object.hasOwn(expected, name) && !optional.includes(name))
        this.fail(`${what}: ${name} does not belong there`);
    }
  }

  headers(actual: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(expected)) {
      const given = actual[name.toLowerCase()];
      if (given !== value)
        this.fail(`header ${name}: is ${given === undefined ? "missing" : `"${given}"`}, not "${value}"`);
    }
  }
}
