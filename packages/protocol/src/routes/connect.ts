import {
  ConnectSession,
  ConnectSessionCreate,
  ConnectSessionPoll,
  ConnectSessionState,
  ConnectSettings,
  ConnectSettingsPut,
  DeviceConnect,
  DeviceConnectCreate,
} from "../connect.ts";
import type { Route } from "./route.ts";

export const CONNECT_ROUTES = {
  createConnectSession: {
    method: "POST",
    path: "/v1/connect/sessions",
    scope: "connect:initiate",
    status: 201,
    body: ConnectSessionCreate,
    response: ConnectSession,
    summary: "A link by which a user connects an account",
  },
  pollConnectSession: {
    method: "POST",
    path: "/v1/connect/sessions/poll",
    scope: "connect:initiate",
    status: 200,
    body: ConnectSessionPoll,
    response: ConnectSessionState,
    summary: "How a Connect session stands",
  },
  createDeviceConnect: {
    method: "POST",
    path: "/v1/connect/device",
    scope: "connect:initiate",
    status: 201,
    body: DeviceConnectCreate,
    response: DeviceConnect,
    summary: "Connect by a code that the user enters on another device",
  },
  getConnectSettings: {
    method: "GET",
    path: "/v1/connect/settings",
    scope: "providers:read",
    status: 200,
    response: ConnectSettings,
    summary: "Return URLs and origins of the app",
  },
  putConnectSettings: {
    method: "PUT",
    path: "/v1/connect/settings",
    scope: "providers:write",
    status: 200,
    body: ConnectSettingsPut,
    response: ConnectSettings,
    summary: "Set return URLs and origins of the app",
  },
} as const satisfies Record<string, Route>;
