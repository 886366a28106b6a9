import type { SecretCreate } from "@alter-vault/protocol";
import type { SecretKind } from "./secret-value.ts";

/** The options of `secrets create` that say how a credential is put into a call. */
export interface InjectionOptions {
  readonly header?: string;
  readonly query?: string;
  readonly prefix?: string;
  readonly region?: string;
  readonly service?: string;
  readonly headerTemplate?: readonly string[];
  readonly queryTemplate?: readonly string[];
}

type InjectionInput = SecretCreate["injection"];
type Built =
  | { readonly ok: true; readonly injection: InjectionInput }
  | { readonly ok: false; readonly detail: string };

const ALLOWED: Readonly<Record<SecretKind, readonly (keyof InjectionOptions)[]>> = {
  bearer: [],
  "api-key": ["header", "query", "prefix"],
  basic: [],
  sigv4: ["region", "service"],
  custom: ["headerTemplate", "queryTemplate"],
};

export function buildInjection(kind: SecretKind, options: InjectionOptions): Built {
  const stray = NAMES.find((name) => options[name] !== undefined && !ALLOWED[kind].includes(name));
  if (stray) return wrong(`${flag(stray)} does not go with --kind ${kind}`);
  switch (kind) {
    case "bearer":
    case "basic":
      return { ok: true, injection: { kind } };
    case "api-key":
      return buildApiKey(options);
    case "sigv4":
      return {
        ok: true,
        injection: { kind, ...defined("region", options.region), ...defined("service", options.service) },
      };
    case "custom":
      return buildCustom(options);
  }
}

const NAMES: readonly (keyof InjectionOptions)[] = Object.values(ALLOWED).flat();

function buildApiKey({ header, query, prefix }: InjectionOptions): Built {
  if (header !== undefined && query !== undefined) return wrong("--header and --query exclude each other");
  if (query === undefined)
    return {
      ok: true,
      injection: { kind: "api-key", in: "header", ...defined("name", header), ...defined("prefix", prefix) },
    };
  if (prefix !== undefined) return wrong("--prefix goes with a header, not with --query");
  return { ok: true, injection: { kind: "api-key", in: "query", name: query } };
}

function buildCustom({ headerTemplate = [], queryTemplate = [] }: InjectionOptions): Built {
  if (headerTemplate.length + queryTemplate.length === 0) {
    return wrong("--kind custom needs at least one --header-template or --query-template");
  }
  const headers = split(headerTemplate, ":");
  if (!headers) return wrong("--header-template is written 'Name: template', each name once");
  const query = split(queryTemplate, "=");
  if (!query) return wrong("--query-template is written 'name=template', each name once");
  return { ok: true, injection: { kind: "custom", headers, query } };
}

/** Null when one lacks its separator, its name or its template, or when a name comes twice. */
function split(templates: readonly string[], separator: string): Record<string, string> | null {
  const pairs = templates.map((text): [string, string] => {
    const at = text.indexOf(separator);
    return at === -1 ? ["", ""] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  });
  if (pairs.some(([name, template]) => name === "" || template === "")) return null;
  return new Set(pairs.map(([name]) => name.toLowerCase())).size === pairs.length ? Object.fromEntries(pairs) : null;
}

function defined<Name extends string>(name: Name, value: string | undefined): { readonly [N in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}

function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function wrong(detail: string): Built {
  return { ok: false, detail };
}
