import { KeyringState, KeysForget, KeysForgotten } from "../resources.ts";
import type { Route } from "./route.ts";

export const KEYRING_ROUTES = {
  getKeyring: {
    method: "GET",
    path: "/v1/keyring",
    scope: "keyring:write",
    status: 200,
    response: KeyringState,
    summary: "State of the encryption keys",
  },
  rotateKeyring: {
    method: "POST",
    path: "/v1/keyring/rotate",
    scope: "keyring:write",
    status: 200,
    response: KeyringState,
    summary: "New master and data keys; every record is sealed again",
  },
  forgetKeys: {
    method: "POST",
    path: "/v1/keyring/forget",
    scope: "keyring:write",
    status: 200,
    body: KeysForget,
    response: KeysForgotten,
    summary: "Destroy keys that were replaced, and with them older backups",
  },
} as const satisfies Record<string, Route>;
