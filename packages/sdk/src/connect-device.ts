import { DeviceConnect, DeviceConnectCreate } from "@alter-vault/protocol";
import { awaitConnected } from "./await-connected.ts";
import { joinSignals } from "./call-defaults.ts";
import { callRoute } from "./call-route.ts";
import type { ConnectResult } from "./connect-result.ts";
import type { Core } from "./core.ts";
import { GRANT_POLICY_OPTION_NAMES, grantPolicyToWire, type GrantPolicyOptions } from "./grant-policy.ts";
import { checkKnownNames } from "./known-names.ts";
import { checkCallback, printOrThrow } from "./show-to-user.ts";
import type { UserToken } from "./user-token.ts";
import { checkMilliseconds } from "./vault-options.ts";
import { checkBody } from "./wire-body.ts";

/** What the user needs: on any device, open `verificationUri` and enter `userCode`. */
export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it, for a link or a QR code; null where the provider has none. */
  readonly verificationUriComplete: string | null;
  /** Seconds. */
  readonly expiresIn: number;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface ConnectDeviceOptions extends GrantPolicyOptions {
  readonly provider: string;
  /** Default: the default scopes of the provider's configuration. */
  readonly scopes?: readonly string[] | undefined;
  /** Values of the provider's variables (tenant, region, shop). */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  readonly label?: string | undefined;
  /** Shows the code to the user. Default: it is printed to standard error. */
  readonly onCode?: ((code: DeviceCode) => void | Promise<void>) | undefined;
  /** How many milliseconds the user has. Default: until the code expires, and never longer. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** The end user who connects: the grant will be theirs. Without one it is the app's own. */
  readonly userToken?: UserToken | undefined;
}

const KNOWN = [
  ...GRANT_POLICY_OPTION_NAMES,
  "provider",
  "scopes",
  "variables",
  "label",
  "onCode",
  "timeout",
  "signal",
  "userToken",
];
const DAY_MS = 86_400_000;

/** RFC 8628, with the vault in the role of the device. */
export async function connectDevice(core: Core, options: ConnectDeviceOptions): Promise<readonly ConnectResult[]> {
  checkKnownNames(options, KNOWN);
  const { onCode, userToken } = options;
  checkCallback("onCode", onCode);
  const timeoutMs = checkMilliseconds("timeout", options.timeout, 1, DAY_MS) ?? DAY_MS;
  const signal = joinSignals(options.signal);
  const body = checkBody(DeviceConnectCreate, {
    provider: options.provider,
    scopes: options.scopes,
    variables: options.variables,
    grant_policy: grantPolicyToWire(options),
    label: options.label,
  });
  const device = await callRoute(core, "createDeviceConnect", { signal, userToken, body, answer: DeviceConnect });
  const code = deviceCode(device);
  if (onCode === undefined) printOrThrow(core.platform, codeText(code), "onCode");
  else await onCode(code);
  return awaitConnected(core, device.session_token, {
    timeoutMs: Math.min(timeoutMs, device.expires_in * 1000),
    // RFC 8628, 3.5: the provider says how often it may be asked, and the vault asks it when it is asked.
    pollIntervalMs: Math.max(device.interval, 1) * 1000,
    signal,
  });
}

function deviceCode(device: DeviceConnect): DeviceCode {
  return {
    userCode: device.user_code,
    verificationUri: device.verification_uri,
    verificationUriComplete: device.verification_uri_complete,
    expiresIn: device.expires_in,
    expiresAt: device.expires_at,
  };
}

function codeText({ userCode, verificationUri }: DeviceCode): string {
  return `To connect, open ${verificationUri} on any device and enter the code ${userCode}\n`;
}
