/**
 * Connecting accounts in the browser: opens the vault's Connect page in a popup, or goes there and comes back, and tells
 * the page what was connected. It trusts messages of the vault's own origin only, holds no key, and asks the vault itself
 * where a URL or a closed window could lie.
 */
export { AlterConnect, AlterConnect as default } from "./alter-connect.ts";
export type { AlterConnectConfig, AlterError, Grant, OpenOptions } from "./options.ts";
