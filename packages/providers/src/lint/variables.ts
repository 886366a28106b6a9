import { checkVariable, isOperatorsChoice, wholePattern } from "../check-variable.ts";
import { placeholdersOf } from "../fill-template.ts";
import { isSharedDomain } from "../host-rule.ts";
import type { Provider } from "../schema.ts";
import type { Variable } from "../schema/variable.ts";
import type { Report } from "./issue.ts";

/** Variables: well described, their examples right, all of them used. */
export function checkVariables(provider: Provider, report: Report): void {
  const used = new Set(placeholdersOf(JSON.stringify({ ...provider, variables: {}, fixtures: {} })));
  for (const [name, variable] of Object.entries(provider.variables)) {
    const path = `/variables/${name}`;
    if (!used.has(name)) report("unused-variable", path, `{${name}} is used nowhere`, "use it in a URL, or remove it");
    checkBounds(variable, path, report);
    if (variable.pattern !== undefined && !wholePattern(variable.pattern)) {
      report("bad-pattern", `${path}/pattern`, "not a regular expression", "write one that JavaScript understands");
      continue;
    }
    for (const key of ["example", "default"] as const) {
      const value = variable[key];
      const checked = value === undefined ? undefined : checkVariable(variable, value);
      if (checked?.ok === false) {
        report("bad-example", `${path}/${key}`, `"${value}" ${checked.detail}`, "give a value that is allowed");
      }
    }
  }
}

function checkBounds(variable: Variable, path: string, report: Report): void {
  const isHost = variable.kind === "host" || variable.kind === "base-url";
  if (!isHost && variable.pattern === undefined) {
    report("no-pattern", path, `a ${variable.kind} needs a pattern`, "say what the whole value must match");
  }
  if (isHost && variable.hosts === undefined && !isOperatorsChoice(variable)) {
    report("no-hosts", path, `a ${variable.kind} from the ${variable.from} could name any host`, "add `hosts`");
  }
  for (const [index, host] of (variable.hosts ?? []).entries()) {
    if (host.startsWith("*.") && isSharedDomain(host.slice(2))) {
      report(
        "shared-domain",
        `${path}/hosts/${index}`,
        `anybody can have a name below ${host.slice(2)}`,
        "name it exactly",
      );
    }
  }
  const told = variable.from !== "operator" && variable.from !== "user";
  if (told !== (variable.at !== undefined)) {
    const fix = told ? "say where with `at`" : "remove `at`";
    report("variable-source", path, told ? `where in the ${variable.from} is it?` : "`at` has no meaning here", fix);
  }
  if (told && variable.from !== "callback" && variable.at !== undefined && !variable.at.startsWith("/")) {
    report("variable-source", `${path}/at`, "not a JSON Pointer", "write it as /name");
  }
}
