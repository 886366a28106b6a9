import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { fillTemplate, textAt, type Provider } from "@alter-vault/providers";
import { standardBehaviour, type Behaviour } from "./behaviour.ts";
import { createTokenBook, type TokenBook } from "./token-book.ts";

/** One app, registered at one provider of the catalogue: what the provider knows of it, and what it has issued. */
export interface Registration {
  readonly provider: Provider;
  readonly clientId: string;
  readonly clientSecret: string;
  /** For providers that want signed requests; the app's half of it is `privateKeyPem`. */
  readonly clientKey: KeyObject;
  readonly privateKeyPem: string;
  /** Where the browser goes back to. */
  readonly callbackUrl: string;
  /** What is sent as `redirect_uri`: the callback, or the name it was registered under. */
  readonly redirectUri: string;
  /** The true value of every variable of the entry. */
  readonly variables: Readonly<Record<string, string>>;
  /** To be changed by tests at any time. */
  readonly behaviour: Behaviour;
  readonly book: TokenBook;
}

export interface RegistrationOptions {
  readonly provider: Provider;
  readonly callbackUrl: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly now: () => number;
}

/** One pair for all: making RSA keys takes time, and nobody learns anything from different ones. */
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });

export function createRegistration({ provider, callbackUrl, variables, now }: RegistrationOptions): Registration {
  const byName = provider.authorize?.redirect === "registered-name";
  return {
    provider,
    // Both need encoding in a Basic credential and in a URL.
    clientId: `fake-client+${provider.id}`,
    clientSecret: `fake-secret:${provider.id}/${randomUUID()}`,
    clientKey: pair.publicKey,
    privateKeyPem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    callbackUrl,
    redirectUri: byName ? "Ada_Example-AdaExam-fake-ru-name" : callbackUrl,
    variables: { ...trueVariables(provider), ...variables },
    behaviour: standardBehaviour(),
    book: createTokenBook(provider, now),
  };
}

/** What the answers of the fixtures say, and the examples for what is given by people. */
function trueVariables({ variables, fixtures }: Provider): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, { from, at, example }] of Object.entries(variables)) {
    const fixture = from === "token" ? fixtures.token : from === "identity" ? fixtures.identity : undefined;
    values[name] = (fixture && at !== undefined ? textAt(fixture.json, at) : undefined) ?? example;
  }
  return values;
}

/** Values for the app's configuration (`operator`) or for the connect request (`user`). */
export function variablesFrom(
  { provider, variables }: Registration,
  from: "operator" | "user",
): Record<string, string> {
  const names = Object.keys(provider.variables).filter((name) => provider.variables[name]?.from === from);
  return Object.fromEntries(names.map((name) => [name, variables[name] ?? ""]));
}

/** A URL of the entry as the provider itself would write it; null when it has no such endpoint. */
export function urlOf({ provider, variables, clientId }: Registration, template: string | undefined): URL | null {
  if (template === undefined) return null;
  const filled = fillTemplate(template, provider.variables, variables, clientId);
  if (!filled.ok) throw new Error(`${provider.id}: ${template} cannot be filled: ${filled.detail}`);
  return new URL(filled.text);
}
