import { missingConnections, ReAuthRequiredError, type ActionRequired, type ConnectionNeeds } from "@alter-vault/sdk";

export interface RequireConnectionsOptions extends ConnectionNeeds {
  /**
   * What the step becomes when accounts are missing, such as `{ toolChoice: "none", system: "Ask the user to open …" }`.
   * Default: it rejects with ReAuthRequiredError, whose `details.actions` are what the user must do.
   */
  readonly onMissing?: ((actions: readonly ActionRequired[]) => object | undefined) | undefined;
}

/**
 * A `prepareStep` that asks, before the first step, for all connections the run is going to need.
 *
 * @example
 * await generateText({ model, tools, prompt, prepareStep: requireConnections({ vault, needs: [{ provider: "google" }] }) });
 */
export function requireConnections(
  options: RequireConnectionsOptions,
): (step: { readonly stepNumber: number }) => Promise<undefined> {
  const { onMissing } = options;
  return async ({ stepNumber }) => {
    if (stepNumber > 0) return undefined;
    const actions = await missingConnections(options);
    if (actions.length === 0) return undefined;
    if (onMissing === undefined) {
      throw new ReAuthRequiredError("The user must connect accounts before the run can begin.", {
        details: { actions },
      });
    }
    // What a step may be is typed differently in each version of the AI SDK.
    return onMissing(actions) as undefined;
  };
}
