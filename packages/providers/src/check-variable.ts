import { hostMatches, isHostName } from "./host-rule.ts";
import type { Variable } from "./schema/variable.ts";

export type CheckedVariable =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly detail: string };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::[1-9]\d{0,4})?$/;
const LOOPBACK_URL =
  /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::[1-9]\d{0,4})?(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;
const SEGMENT = /^[A-Za-z0-9._~-]{1,200}$/;

/** `allowLoopback`: for development, an operator may name a server on this machine, by http too. */
export interface VariableOptions {
  readonly allowLoopback?: boolean;
}

/**
 * Whether a value may stand in a URL. The entry's own pattern comes second: first each kind has a form that cannot
 * leave its place, so that a careless pattern (`.*`) does no harm. Returns the value as it is to be used (hosts in lower
 * case, base URLs without the slash at the end).
 */
export function checkVariable(variable: Variable, value: string, options: VariableOptions = {}): CheckedVariable {
  const formed = checkForm(variable, value, options);
  if (!formed.ok) return formed;
  if (variable.pattern !== undefined && !matchesWhole(variable.pattern, value)) {
    return { ok: false, detail: `does not match ${variable.pattern}` };
  }
  if (variable.values && !variable.values.includes(value)) {
    return { ok: false, detail: `is none of ${variable.values.join(", ")}` };
  }
  return formed;
}

function checkForm(variable: Variable, value: string, options: VariableOptions): CheckedVariable {
  const loopback = options.allowLoopback === true && isOperatorsChoice(variable) && !variable.hosts;
  switch (variable.kind) {
    case "label":
      return LABEL.test(value) ? { ok: true, value: value.toLowerCase() } : { ok: false, detail: "is not a DNS label" };
    case "segment": {
      const fits = SEGMENT.test(value) && !/^\.+$/.test(value);
      return fits ? { ok: true, value } : { ok: false, detail: "holds something that cannot stand in a path" };
    }
    case "host": {
      const host = value.toLowerCase();
      if (loopback && LOOPBACK_HOST.test(host)) return { ok: true, value: host };
      return checkHost(variable, host, host);
    }
    case "base-url":
      if (loopback && LOOPBACK_URL.test(value)) return { ok: true, value: value.replace(/\/$/, "") };
      return checkBaseUrl(variable, value);
  }
}

function checkHost(variable: Variable, host: string, value: string): CheckedVariable {
  if (!isHostName(host)) return { ok: false, detail: "is not a host name" };
  if (variable.hosts && !hostMatches(variable.hosts, host)) {
    return { ok: false, detail: `is not on ${variable.hosts.join(", ")}` };
  }
  if (!variable.hosts && !isOperatorsChoice(variable)) return { ok: false, detail: "has no pinned hosts" };
  return { ok: true, value };
}

/** Whether the operator of the vault answers for the host, so that the entry need not pin it. */
export function isOperatorsChoice(variable: Variable): boolean {
  return variable.from === "operator" || variable.from === "discovery";
}

function checkBaseUrl(variable: Variable, value: string): CheckedVariable {
  // Parsed and compared with what was written: nothing the URL parser would repair (backslashes, dots, ports, users).
  const form = /^https:\/\/([^/?#@\\]+)((?:\/[A-Za-z0-9._~-]+)*)\/?$/.exec(value);
  const authority = form?.[1]?.toLowerCase();
  const path = form?.[2];
  if (authority === undefined || path === undefined || /\/\.+(?:\/|$)/.test(path)) {
    return { ok: false, detail: "is not a plain https URL" };
  }
  const port = /:([1-9]\d{0,4})$/.exec(authority)?.[0] ?? "";
  if (port !== "" && variable.hosts) return { ok: false, detail: "names a port" };
  const host = authority.slice(0, authority.length - port.length);
  return checkHost(variable, host, `https://${authority}${path}`);
}

/** A pattern that cannot be read matches nothing; the lint says so. */
function matchesWhole(pattern: string, value: string): boolean {
  return wholePattern(pattern)?.test(value) ?? false;
}

/** The pattern, bound to the whole value. `undefined` when it is none. */
export function wholePattern(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, "u");
  } catch {
    // The only thing that can go wrong is the pattern itself, and that is the answer.
    return undefined;
  }
}
