/** What every adapter does before a tool call, and after one that failed: the same steps, in words of no framework. */
import type { ActionRequired } from "./adapter-action.ts";
import type { ToolScope } from "./adapter.ts";
import { describeFailure, failureForModel, type ModelFailure } from "./adapter-failure.ts";
import { runToolForm, type ToolForm } from "./adapter-form.ts";
import type { VaultCalls } from "./bound-vault.ts";
import type { CredentialOptions } from "./call-defaults.ts";
import type { ConnectionNeed } from "./check-connection.ts";

/** The vault of a tool: with the credential that whoever made the tool has chosen. Throws AlterValueError for two. */
export function toolVault(options: CredentialOptions & { readonly vault: VaultCalls }): VaultCalls {
  const { vault, grantId, connectionId, provider, account } = options;
  return vault.with({ grantId, connectionId, provider, account });
}

/** What came of trying something: its value, or a failure that was to be expected. */
export type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false;
      readonly error: unknown;
      /** What a model, or the user of a browser, may be told of it. */
      readonly told: ModelFailure;
      /** What somebody must do first; null when nobody can do anything. */
      readonly action: ActionRequired | null;
    };

/**
 * Tries something that makes calls with the vault. Rejects with the error itself where it was not to be expected: a mistake
 * of the program, an error of somebody else, and whatever comes of a run that was aborted.
 */
export async function attempt<Value>(
  vault: VaultCalls,
  signal: AbortSignal | undefined,
  body: () => Promise<Value>,
): Promise<Attempt<Value>> {
  try {
    return { ok: true, value: await body() };
  } catch (error) {
    const failure = signal?.aborted === true ? null : describeFailure(error);
    if (failure === null) throw error;
    const action = await vault.actionFor(error, { signal });
    return { ok: false, error, told: failureForModel(failure, action), action };
  }
}

/** Tries a tool call. `read` makes a value of an answer for which there is no `output`. Rejects as `attempt()` does. */
export function attemptTool<Input, Output>(
  vault: VaultCalls,
  scope: ToolScope,
  form: ToolForm<Input, Output>,
  input: Input,
  read?: (response: Response) => Promise<unknown>,
): Promise<Attempt<Output>> {
  return attempt(vault, scope.signal, () => runToolForm(vault, scope, form, input, read));
}

/** What a run is going to need, and of which vault. */
export interface ConnectionNeeds {
  readonly vault: VaultCalls;
  readonly needs: readonly ConnectionNeed[];
}

/** What the user must do before a run that needs these connections; empty when all are there. Rejects as `check()` does. */
export async function missingConnections({ vault, needs }: ConnectionNeeds): Promise<readonly ActionRequired[]> {
  const checks = await Promise.all(needs.map((need) => vault.check(need)));
  return checks.flatMap((check) => (check.ok ? [] : [check.action]));
}
