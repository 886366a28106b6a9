import { classifyError, resolvePointer } from "@alter-vault/providers";
import { jsonOf, type Ask } from "../../egress/ask.ts";
import { callRequest } from "./call-request.ts";
import type { ProviderClient, Variables } from "./provider-client.ts";
import type { Tokens } from "./tokens.ts";

/**
 * Whether a token that cannot be refreshed is dead, after a call with it was answered 401. That answer alone proves
 * nothing: some APIs say 401 for what others call forbidden. The provider is asked something that any live token may ask.
 */
export async function isDead(ask: Ask, client: ProviderClient, tokens: Tokens, variables: Variables): Promise<boolean> {
  const { identity, introspect } = client.provider;
  const call = introspect?.style === "call" ? introspect.call : identity.call;
  if (!call || call.auth !== "bearer") return false;
  const made = callRequest(client, call, variables, {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
  });
  if (!made.ok) return false;
  const asked = await ask(made.request);
  if (!asked.ok) return false;
  const json = jsonOf(asked.answer);
  const { status } = asked.answer;
  if (introspect?.style === "call" && introspect.active !== undefined && status < 400) {
    return resolvePointer(json, introspect.active) === false;
  }
  return classifyError(client.provider, { status, json }, "api")?.class === "reauth";
}
