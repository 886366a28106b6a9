/** An account that was connected. Keep `grant_id`. */
export interface Grant {
  grant_id: string;
  provider: string;
  provider_name: string;
  account_identifier: string;
  /** ISO 8601. */
  timestamp: string;
  /** `reauth`: the account had been connected before, and keeps its `grant_id`. */
  operation: "creation" | "reauth";
  scopes: string[];
  status: "active" | "pending" | "error";
  metadata?: { account_display_name?: string; account_email?: string };
}

/**
 * `popup_blocked`: the browser did not open the window; call `open()` in the click's own task. `connect_denied`: the user
 * declined. `session_expired`: make a new session. `redirect_error`: the browser keeps no session storage.
 * `invalid_response`: the vault answered something else. All others are codes of the vault.
 */
export interface AlterError {
  code: string;
  message: string;
  details?: Record<string, unknown>;
}

export interface AlterConnectConfig {
  /** Where the vault is. Can also be given to `open()`. */
  baseURL?: string;
  /** Tells what happens as `event`s called `debug`. */
  debug?: boolean;
}

export interface OpenOptions {
  /** Of a session that your backend made with `createConnectSession()`. */
  token: string;
  baseURL?: string;
  onSuccess: (grants: Grant[]) => void;
  onError?: (error: AlterError) => void;
  /** The window was closed before anything was decided. Never called where the page itself goes to the vault. */
  onExit?: () => void;
  onEvent?: (name: string, metadata: Record<string, unknown>) => void;
}

/** How it ended. */
export type Outcome =
  | { readonly kind: "success"; readonly grants: Grant[] }
  | { readonly kind: "error"; readonly error: AlterError }
  | { readonly kind: "exit" };
