import { HEADER, Injection, type Injection as InjectionAnswer } from "@alter-vault/protocol";
import type { EncodedBody } from "./body.ts";
import type { Call } from "./call.ts";
import type { Core } from "./core.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { envelopeHeaders } from "./envelope-headers.ts";
import { providerApiError, providerResponse } from "./provider-response.ts";
import { readLimited } from "./read-limited.ts";
import { readScopeLack } from "./scope-lack.ts";
import { answerKind, foreignAnswer, parseJson, unknownAnswer } from "./vault-answer.ts";

const MAX_INJECTION_BYTES = 1024 * 1024;

/**
 * Makes one call and answers with the provider's response. Rejects with the error of the vault's refusal, with
 * NetworkError or TimeoutError, with the caller's own reason when the caller aborts, and, where the call wants it, with
 * ProviderAPIError for a provider's 4xx or 5xx (ScopeReauthRequiredError for missing scopes).
 */
export async function executeCall(core: Core, call: Call): Promise<Response> {
  core.assertOpen();
  call.signal?.throwIfAborted();
  // Before anything is waited for: calls are counted in the order in which the program makes them.
  const index = call.count?.();
  const deadline = startDeadline(call.timeoutMs, call.signal);
  try {
    const userToken = await deadline.waitFor("the function for the user token", () =>
      core.users.tokenFor(call.userToken),
    );
    const body = await call.body();
    const headers = envelopeHeaders(call, body, userToken);
    const response =
      call.mode === "proxy"
        ? await forward(core, call, index, { headers, body }, deadline)
        : await sendInjection(core, call, await retrieve(core, call, { headers, body }, deadline), body, deadline);
    if (!call.throwOnProviderError || response.status < 400) return response;
    throw await deadline.reach("the provider", () => providerApiError(response, call.method));
  } finally {
    deadline.stop();
  }
}

interface Envelope {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: EncodedBody;
}

async function forward(
  core: Core,
  call: Call,
  index: number | undefined,
  envelope: Envelope,
  deadline: Deadline,
): Promise<Response> {
  const headers = { ...envelope.headers, ...(index === undefined ? {} : { [HEADER.call]: String(index) }) };
  const request = { method: "POST", path: "/v1/request", headers, body: envelope.body, credential: call.credential };
  const answer = await core.vault.send(request, deadline);
  if (answerKind(answer) !== "provider") return rejectForeign(answer, core);
  return providerResponse(answer, { url: call.target, lack: readScopeLack(answer, call.credential) });
}

/** The injection of this one call. Of the body only the digest goes to the vault, for signatures that cover it. */
async function retrieve(core: Core, call: Call, envelope: Envelope, deadline: Deadline): Promise<InjectionAnswer> {
  const { body } = envelope;
  const digest = body.kind === "bytes" ? { [HEADER.bodyDigest]: await sha256Hex(body.bytes) } : {};
  const headers = { ...envelope.headers, ...digest };
  const request = { method: "POST", path: "/v1/retrieve", headers, credential: call.credential };
  const answer = await core.vault.send(request, deadline);
  if (answerKind(answer) !== "vault") return rejectForeign(answer, core);
  const text = await deadline.reach(core.vault.peer, () => readLimited(answer, MAX_INJECTION_BYTES));
  const injection = Injection.safeParse(parseJson(text));
  if (!injection.success) throw unknownAnswer(answer);
  return injection.data;
}

async function sendInjection(
  core: Core,
  call: Call,
  injection: InjectionAnswer,
  body: EncodedBody,
  deadline: Deadline,
): Promise<Response> {
  const answer = await core.provider.send(injection, body, { redirect: call.redirect, deadline });
  // The URL that was sent may hold the credential in its query, so the response says the one that was asked for.
  return providerResponse(answer, { url: call.target, requestId: injection.request_id });
}

async function rejectForeign(answer: Response, core: Core): Promise<never> {
  await answer.body?.cancel();
  throw foreignAnswer(answer, core.vault.origin);
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  let hex = "";
  for (const byte of new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))
    hex += byte.toString(16).padStart(2, "0");
  return hex;
}
