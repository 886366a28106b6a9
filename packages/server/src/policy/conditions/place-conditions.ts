import { listed, unanswerable, type Condition } from "./condition.ts";
import { isInRange, readAddress, readRange } from "./ip-range.ts";
import type { Part } from "./conditions.ts";
import { UNCLEAR_PATH } from "./call-conditions.ts";
import { foldTemplate, pathMatches, readTemplate } from "./path-template.ts";

export function hostCondition(hosts: readonly string[]): Condition {
  const exact = new Set(hosts);
  const wild = hosts.filter((host) => host.startsWith("*.")).map(readWildHost);
  return {
    name: "host",
    expected: listed(hosts),
    test: ({ host, port }) =>
      exact.has(host) ||
      exact.has(`${host}:${port}`) ||
      wild.some((one) => (one.port === null || one.port === port) && host.endsWith(one.suffix)),
    actual: ({ host, port }) => `${host}:${port}`,
  };
}

function readWildHost(host: string): { suffix: string; port: number | null } {
  const [name = "", port] = host.slice(1).split(":");
  return { suffix: name, port: port === undefined ? null : Number(port) };
}

/** `when` takes a path as a generous server does, `unless` takes it as it is: see `foldPath`. */
export function pathCondition(paths: readonly string[], part: Part): Condition {
  const templates = paths.map((path) => (part === "when" ? foldTemplate(readTemplate(path)) : readTemplate(path)));
  return {
    name: "path",
    expected: listed(paths),
    test(facts) {
      const path = part === "when" ? facts.foldedPath : facts.path;
      if (!path) return unanswerable(UNCLEAR_PATH);
      return templates.some((template) => pathMatches(template, path));
    },
    actual: ({ path }) => (path ? `/${path.join("/")}` : UNCLEAR_PATH),
  };
}

/** Throws RangeError for what `findBadRanges` reports. */
export function sourceCondition(texts: readonly string[]): Condition {
  const ranges = texts.map((text) => {
    const range = readRange(text);
    if (!range) throw new RangeError(`"${text}" is no address range`);
    return range;
  });
  return {
    name: "source_ip",
    expected: listed(texts),
    test({ sourceIp }) {
      const address = sourceIp === null ? null : readAddress(sourceIp);
      if (!address) return unanswerable("it is not known where the call comes from");
      return ranges.some((range) => isInRange(range, address));
    },
    actual: ({ sourceIp }) => sourceIp ?? "not known",
  };
}

export function ageCondition(seconds: number): Condition {
  return {
    name: "grant_older_than_seconds",
    expected: `over ${seconds} s`,
    test: ({ nowMs, grantCreatedAtMs }) => nowMs - grantCreatedAtMs > seconds * 1000,
    actual: ({ nowMs, grantCreatedAtMs }) => `${Math.floor((nowMs - grantCreatedAtMs) / 1000)} s`,
  };
}
