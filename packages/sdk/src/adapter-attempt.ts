/** What every adapter does before a tool call, and after one that failed: the same steps, in words of no framework. */
import type { ActionRequired } from "./adapter-action.ts";
import { describeFailure, type SafeFailure } from "./adapter-failure.ts";
import type { VaultCalls } from "./bound-vault.ts";
import type { CredentialOptions } from "./call-defaults.ts";
import type { ConnectionNeed } from "./check-connection.ts";

/** The vault of a tool: with the credential that whoever made the tool has chosen. Throws AlterValueError for two. */
export function toolVault(options: CredentialOptions & { readonly vault: VaultCalls }): VaultCalls {
  const { vault, grantId, connectionId, provider, account } = options;
  return vault.with({ grantId, connectionId, provider, account });
}

export interface ExpectedFailure {
  readonly failure: SafeFailure;
  /** What somebody must do first; null when nobody can do anything. */
  readonly action: ActionRequired | null;
}

/**
 * What to say and what to do about a tool call that failed. Rejects with the error itself where it was not to be
 * expected: a mistake of the program, an error of somebody else, and whatever comes of a run that was aborted.
 */
export async function expectedFailure(
  vault: VaultCalls,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<ExpectedFailure> {
  const failure = signal?.aborted === true ? null : describeFailure(error);
  if (failure === null) throw error;
  return { failure, action: await vault.actionFor(error, { signal }) };
}

/** What the user must do before a run that needs these connections; empty when all are there. Rejects as `check()` does. */
export async function missingConnections(
  vault: VaultCalls,
  needs: readonly ConnectionNeed[],
): Promise<readonly ActionRequired[]> {
  const checks = await Promise.all(needs.map((need) => vault.check(need)));
  return checks.flatMap((check) => (check.ok ? [] : [check.action]));
}
