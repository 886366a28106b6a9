import { HEADER, ROUTES, type RouteId } from "@alter-vault/protocol";
import type { Core } from "./core.ts";
import { startDeadline } from "./deadline.ts";
import { joinSignals } from "./call-defaults.ts";
import { readLimited } from "./read-limited.ts";
import { answerKind, foreignAnswer, parseJson, unknownAnswer } from "./vault-answer.ts";
import { checkUserToken, type UserToken } from "./user-token.ts";
import { checkTimeout } from "./vault-options.ts";

export interface RouteOptions {
  readonly signal?: AbortSignal | null | undefined;
  readonly timeout?: number | undefined;
  /** The end user who asks, as for calls to providers. */
  readonly userToken?: UserToken | undefined;
}

export const ROUTE_OPTION_NAMES: readonly string[] = ["signal", "timeout", "userToken"];

interface RouteCall<Answer> extends RouteOptions {
  readonly pathParam?: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  /** The schema of the answer, from protocol. */
  readonly answer: { safeParse(value: unknown): { success: true; data: Answer } | { success: false } };
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const encoder = new TextEncoder();

/** Calls one of the vault's own endpoints with JSON both ways. Rejects as calls to providers do. */
export async function callRoute<Answer>(core: Core, id: RouteId, call: RouteCall<Answer>): Promise<Answer> {
  core.assertOpen();
  const signal = joinSignals(call.signal);
  signal?.throwIfAborted();
  const own = checkUserToken("userToken", call.userToken);
  const deadline = startDeadline(checkTimeout(call.timeout) ?? core.settings.timeoutMs, signal);
  try {
    const { method, path } = ROUTES[id];
    const userToken = await deadline.waitFor("the function for the user token", () => core.users.tokenFor(own));
    const { headers = {}, body } = call.body === undefined ? {} : jsonBody(call.body);
    const answer = await core.vault.send(
      {
        method,
        path: path.replace("{id}", encodeURIComponent(call.pathParam ?? "")) + queryText(call.query ?? {}),
        headers: { ...headers, ...(userToken === undefined ? {} : { [HEADER.userToken]: userToken }) },
        ...(body === undefined ? {} : { body }),
      },
      deadline,
    );
    const text = await deadline.reach(core.vault.peer, () => readLimited(answer, MAX_ANSWER_BYTES));
    if (answerKind(answer) !== "vault") throw foreignAnswer(answer, core.vault.origin);
    const parsed = call.answer.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw unknownAnswer(answer);
  } finally {
    deadline.stop();
  }
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.append(name, String(value));
  return params.size === 0 ? "" : `?${params.toString()}`;
}

function jsonBody(value: object) {
  const bytes = encoder.encode(JSON.stringify(value));
  return { headers: { "content-type": "application/json" }, body: { kind: "bytes" as const, bytes } };
}
