import {
  CONNECT_SESSION_NAMES,
  createConnectSession,
  type ConnectSession,
  type ConnectSessionOptions,
} from "./connect-session.ts";
import type { Core } from "./core.ts";
import {
  AlterValueError,
  GrantDeletedError,
  GrantNotFoundError,
  ReAuthRequiredError,
  ScopeReauthRequiredError,
} from "./errors.ts";
import { checkKnownNames } from "./known-names.ts";

/** What is given here goes before what follows from the error. Where that has no provider, pass `allowedProviders`. */
export type ConnectForErrorOptions = Omit<ConnectSessionOptions, "grantId">;

const KNOWN = CONNECT_SESSION_NAMES.filter((name) => name !== "grantId");

/** A session that mends what the error says. Throws AlterValueError when connecting mends nothing. */
export async function createConnectSessionForError(
  core: Core,
  error: unknown,
  options: ConnectForErrorOptions = {},
): Promise<ConnectSession> {
  checkKnownNames(options, KNOWN);
  return createConnectSession(core, { ...sessionFor(error, options.allowedProviders), ...given(options) });
}

function sessionFor(
  error: unknown,
  allowedProviders: ConnectForErrorOptions["allowedProviders"],
): ConnectSessionOptions {
  if (!isMendable(error)) {
    throw new AlterValueError(
      "Connecting does not mend this error. Pass one that says that somebody must connect: ReAuthRequiredError and its kinds, GrantNotFoundError, or ScopeReauthRequiredError.",
    );
  }
  const { providerId } = error;
  const grantId = isGone(error) ? undefined : error.grantId;
  if (grantId === undefined && providerId === undefined && allowedProviders === undefined) {
    throw new AlterValueError(
      'The error says neither a provider nor a grant that can be connected again. Pass { allowedProviders: ["…"] }.',
    );
  }
  const missing = error instanceof ScopeReauthRequiredError ? error.missingScopes : [];
  return {
    grantId,
    allowedProviders: providerId === undefined ? undefined : [providerId],
    requiredScopes: providerId === undefined || missing.length === 0 ? undefined : { [providerId]: missing },
  };
}

type Mendable = ReAuthRequiredError | GrantNotFoundError | ScopeReauthRequiredError;

function isMendable(error: unknown): error is Mendable {
  return (
    error instanceof ReAuthRequiredError ||
    error instanceof GrantNotFoundError ||
    error instanceof ScopeReauthRequiredError
  );
}

/** A grant that is not there cannot be connected again: the next one has an id of its own. */
function isGone(error: Mendable): boolean {
  return error instanceof GrantDeletedError || error instanceof GrantNotFoundError;
}

/** An option that is there and undefined must not hide what the error says. */
function given(options: ConnectForErrorOptions): ConnectForErrorOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
