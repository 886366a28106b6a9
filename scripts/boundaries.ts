import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/**
 * Who may import whom, and which things may be used where. Read from the sources as text: `protocol` is below everybody,
 * `sdk` knows `protocol`, adapters know `sdk`, nobody but tests, examples and `testing` knows `server`; inside the server
 * the pure folders stay pure.
 */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** What each package may import of ours. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  providers: ["protocol"],
  sdk: ["protocol"],
  langchain: ["sdk"],
  ai: ["sdk"],
  express: ["sdk"],
  mcp: ["sdk"],
  testing: ["protocol", "sdk", "server"],
  connect: [],
  server: ["protocol", "providers"],
};

/** Folders of the server that must not know these others: what they need is handed in. */
const SERVER_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  policy: ["store/sqlite", "http", "credential", "crypto", "egress", "inject", "audit", "cli"],
  inject: ["store", "http", "credential", "crypto", "egress", "audit", "identity", "policy", "cli"],
  crypto: ["store/sqlite", "http", "credential", "egress", "inject", "audit", "identity", "policy", "cli"],
  egress: ["store", "http", "credential", "crypto", "inject", "audit", "identity", "policy", "cli"],
  store: ["http", "credential", "egress", "inject", "audit", "identity", "policy", "cli"],
  audit: ["http", "credential", "egress", "inject", "identity", "policy", "cli"],
  connect: ["store/sqlite", "http", "egress", "inject", "policy", "cli"],
  http: ["store/sqlite", "cli"],
};

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Paths (from the root, with slashes) where it may be. */
  readonly allowed: RegExp;
  /** Paths it is looked for in. */
  readonly within: RegExp;
}

const SOURCES = /^packages\/[^/]+\/src\//;
const PURE =
  /^packages\/(protocol\/src|server\/src\/(policy|crypto|inject|egress|identity|credential|connect|store|audit|http))\//;

const RULES: readonly Rule[] = [
  {
    pattern: /\bprocess\.env\b/,
    reason: "reads the environment; only config does",
    within: SOURCES,
    allowed: /server\/src\/config\.ts$/,
  },
  {
    pattern: /\bMath\.random\b/,
    reason: "is not random enough for anything but jitter",
    within: SOURCES,
    allowed: /sdk\/src\/platform\.ts$/,
  },
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    reason: "reads the clock; it is handed in",
    within: PURE,
    allowed: /^$/,
  },
  {
    pattern: /\brandomBytes\b.*from "node:crypto"|\brandomUUID\b/,
    reason: "draws randomness; it is handed in",
    within: PURE,
    allowed: /^$/,
  },
  {
    pattern: /(^|[^.\w])fetch\(/,
    reason: "sends; only egress and the SDK's HTTP do",
    within: /^packages\/server\/src\//,
    allowed: /server\/src\/egress\//,
  },
  {
    pattern: /from "undici"/,
    reason: "sends; only egress and the command line do",
    within: /^packages\//,
    allowed: /server\/src\/(egress|cli)\//,
  },
  { pattern: /\bexport \* /, reason: "re-exports everything; name what is public", within: SOURCES, allowed: /^$/ },
  { pattern: /\bconsole\./, reason: "prints; libraries do not", within: SOURCES, allowed: /^$/ },
];

export function findBoundaryViolations(root: string): Violation[] {
  return sourceFiles(root).flatMap((file) => violationsOf(file, readFileSync(join(root, file), "utf8")));
}

/** Exported for its test: the rules on one file's text. */
export function violationsOf(file: string, text: string): Violation[] {
  const found: Violation[] = [];
  const isTest = /[./](test|contract|test-support)\.tsx?$/.test(file);
  text.split("\n").forEach((content, index) => {
    const report = (reason: string): void => void found.push({ file, line: index + 1, reason });
    // Only statements: a text that shows an import to a reader is indented.
    const target = /^(?:(?:import|export|\}) .*from|import) "([^"]+)"|import\("([^"]+)"\)/
      .exec(content)
      ?.slice(1)
      .find(Boolean);
    if (target) checkImport(file, target, isTest, report);
    if (isTest || /^\s*(\*|\/\/|\/\*)/.test(content)) return;
    for (const { pattern, reason, within, allowed } of RULES) {
      if (within.test(file) && !allowed.test(file) && pattern.test(content)) report(reason);
    }
  });
  return found;
}

function checkImport(file: string, target: string, isTest: boolean, report: (reason: string) => void): void {
  const owner = /^packages\/([^/]+)\//.exec(file)?.[1];
  if (!owner) return;
  const ours = /^@alter-vault\/([^/]+)/.exec(target)?.[1];
  if (ours && !isTest && !(PACKAGES[owner] ?? []).includes(ours)) report(`${owner} may not import ${ours}`);
  const folder = /^packages\/server\/src\/([^/]+)\//.exec(file)?.[1];
  if (owner !== "server" || !folder || isTest || !target.startsWith(".")) return;
  const resolved = join("/", file, "..", target).split(sep).join("/").replace("/packages/server/src/", "");
  for (const forbidden of SERVER_FOLDERS[folder] ?? []) {
    if (resolved.startsWith(`${forbidden}/`)) report(`${folder} may not import ${forbidden}`);
  }
}

function sourceFiles(root: string): string[] {
  return (
    readdirSync(join(root, "packages"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
      // Generated sources are data: what they say about the provider's "console." is no call.
      .filter((path) => SOURCES.test(path) && !path.includes("/node_modules/") && !path.endsWith(".generated.ts"))
  );
}
