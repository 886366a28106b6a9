import type { Secret, SecretMaterial } from "@alter-vault/protocol";

/**
 * Reads the text of a secret value by its kind. What it says about a text that is wrong never repeats a part of it.
 */
export type ParsedValue =
  | { readonly ok: true; readonly value: SecretMaterial }
  | { readonly ok: false; readonly detail: string };

export type SecretKind = Secret["kind"];

/** How a value is written, for help texts and prompts. */
export const VALUE_FORMATS: Readonly<Record<SecretKind, string>> = {
  bearer: "the token",
  "api-key": "the key",
  basic: "user:password",
  sigv4:
    'ACCESS_KEY_ID:SECRET[:SESSION_TOKEN], or JSON {"access_key_id": …, "secret_access_key": …, "session_token": …}',
  custom: 'JSON {"field": "value", …}, or raw text, which is the field "value"',
};

export function parseSecretValue(kind: SecretKind, raw: string): ParsedValue {
  const text = withoutNewline(raw);
  if (text === "") return wrong("the value is empty");
  // Line breaks in JSON are its layout; in a raw value they are a slip.
  const isJson = (kind === "sigv4" || kind === "custom") && text.trimStart().startsWith("{");
  if (!isJson && /[\r\n]/.test(text)) return wrong("the value has more than one line");
  switch (kind) {
    case "bearer":
      return { ok: true, value: { kind, token: text } };
    case "api-key":
      return { ok: true, value: { kind, key: text } };
    case "basic":
      return parseBasic(text);
    case "sigv4":
      return isJson ? parseSigv4Json(text) : parseSigv4(text);
    case "custom":
      return isJson ? parseCustomJson(text) : { ok: true, value: { kind, fields: { value: text } } };
  }
}

/** The parts of a value that are too short to be found again in what a provider answers. */
export function shortParts(value: SecretMaterial): string[] {
  const parts: Record<string, string> = {};
  if (value.kind === "bearer") parts["token"] = value.token;
  else if (value.kind === "api-key") parts["key"] = value.key;
  else if (value.kind === "basic") parts["password"] = value.password;
  else if (value.kind === "sigv4") parts["secret_access_key"] = value.secret_access_key;
  else Object.assign(parts, value.fields);
  return Object.entries(parts).flatMap(([name, part]) => (part.length < SHORTEST_SCRUBBED ? [name] : []));
}

const SHORTEST_SCRUBBED = 8;

/** One line break at the end is the shell's or the editor's; a byte order mark at the start too. */
function withoutNewline(raw: string): string {
  return raw.replace(/^\ufeff/, "").replace(/\r?\n$/, "");
}

function parseBasic(text: string): ParsedValue {
  const colon = text.indexOf(":");
  if (colon === -1) return wrong("a basic value is written user:password");
  return { ok: true, value: { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1) } };
}

function parseSigv4(text: string): ParsedValue {
  const [access_key_id = "", secret_access_key = "", session_token, ...rest] = text.split(":");
  if (!access_key_id || !secret_access_key || session_token === "" || rest.length > 0) {
    return wrong(`a sigv4 value is written ${VALUE_FORMATS.sigv4}`);
  }
  return {
    ok: true,
    value: { kind: "sigv4", access_key_id, secret_access_key, ...(session_token ? { session_token } : {}) },
  };
}

function parseSigv4Json(text: string): ParsedValue {
  const read = stringFields(text);
  if (!read.ok) return read;
  const { access_key_id, secret_access_key, session_token, ...rest } = read.fields;
  if (!access_key_id || !secret_access_key) return wrong("a sigv4 value needs access_key_id and secret_access_key");
  if (Object.keys(rest).length > 0)
    return wrong("a sigv4 value has access_key_id, secret_access_key, session_token, and nothing else");
  return {
    ok: true,
    value: { kind: "sigv4", access_key_id, secret_access_key, ...(session_token ? { session_token } : {}) },
  };
}

function parseCustomJson(text: string): ParsedValue {
  const read = stringFields(text);
  return read.ok ? { ok: true, value: { kind: "custom", fields: read.fields } } : read;
}

function stringFields(text: string): { ok: true; fields: Record<string, string> } | { ok: false; detail: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which is the secret.
    return wrong("the value starts with { and is not valid JSON");
  }
  const entries = Object.entries(json as object);
  if (entries.some(([, value]) => typeof value !== "string")) return wrong("every field of the value must be a text");
  return { ok: true, fields: Object.fromEntries(entries as [string, string][]) };
}

function wrong(detail: string): { ok: false; detail: string } {
  return { ok: false, detail };
}
