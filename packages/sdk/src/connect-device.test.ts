import { makeProblem } from "@alter-vault/protocol";
import { expect, test } from "vitest";
import { connectDevice, type ConnectDeviceOptions, type DeviceCode } from "./connect-device.ts";
import { createCore } from "./core.ts";
import { AlterValueError, ConnectConfigError, ConnectDeniedError, ConnectTimeoutError } from "./errors.ts";
import { CONNECTED, FAKE_SESSION_TOKEN, fakeState } from "./fake-connect.test-support.ts";
import { AT } from "./fake-grant.test-support.ts";
import { fakePlatform, type FakePlatform } from "./fake-platform.test-support.ts";
import { FAKE_API_KEY, sendProblem, sendVaultJson, type Handler } from "./fake-vault.test-support.ts";
import type { Platform } from "./platform.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const sendDevice: Handler = (_, response) =>
  sendVaultJson(response, 201, {
    session_id: "0190a3f0-4444-7000-8000-000000000004",
    session_token: FAKE_SESSION_TOKEN,
    user_code: "ABCD-EFGH",
    verification_uri: "https://provider.example/device",
    verification_uri_complete: null,
    interval: 7,
    expires_in: 20,
    expires_at: AT,
  });

const fake = useFakeVault();
let machine: FakePlatform;

function run(options: Partial<ConnectDeviceOptions> = {}, own: Partial<Platform> = {}) {
  machine = fakePlatform(fake.server, own);
  const core = createCore({ apiKey: FAKE_API_KEY, baseUrl: fake.server.url }, machine);
  return connectDevice(core, { provider: "github", ...options });
}

test("prints the code, asks as often as the provider wants, and resolves with what was connected", async () => {
  fake.server.answer(sendDevice, fakeState("pending"), fakeState("completed"));
  expect(await run()).toEqual([CONNECTED]);
  expect(machine.printed).toEqual([
    "To connect, open https://provider.example/device on any device and enter the code ABCD-EFGH\n",
  ]);
  expect(machine.slept).toBe(14_000);
  expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: "/v1/connect/device" });
  expect(fake.sentBody()).toEqual({ provider: "github" });
  expect(JSON.parse(String(fake.server.seen[1]?.body))).toEqual({ session_token: FAKE_SESSION_TOKEN });
});

test("hands the code to onCode, without the token, and the wishes to the vault", async () => {
  fake.server.answer(sendDevice, fakeState("completed"));
  const codes: DeviceCode[] = [];
  await run({
    scopes: ["repo"],
    variables: { host_name: "github.example" },
    connectionPolicy: { max_ttl_seconds: 60 },
    label: "work",
    onCode: (code) => void codes.push(code),
  });
  expect(codes).toEqual([
    {
      userCode: "ABCD-EFGH",
      verificationUri: "https://provider.example/device",
      verificationUriComplete: null,
      expiresIn: 20,
      expiresAt: AT,
    },
  ]);
  expect(machine.printed).toEqual([]);
  expect(fake.sentBody()).toEqual({
    provider: "github",
    scopes: ["repo"],
    variables: { host_name: "github.example" },
    grant_policy: { max_ttl_seconds: 60 },
    label: "work",
  });
});

test("ends when the code expires, or before", async () => {
  fake.server.answer(sendDevice, fakeState("pending"));
  await expect(run({ timeout: 60_000 })).rejects.toBeInstanceOf(ConnectTimeoutError);
  expect(machine.slept).toBe(20_000);
  fake.server.answer(sendDevice, fakeState("pending"));
  await expect(run({ timeout: 5000 })).rejects.toBeInstanceOf(ConnectTimeoutError);
  expect(machine.slept).toBe(5000);
});

test("is denied, refused, or stopped", async () => {
  fake.server.answer(sendDevice, fakeState("denied"));
  await expect(run()).rejects.toBeInstanceOf(ConnectDeniedError);
  fake.server.answer((_, response) => sendProblem(response, makeProblem("provider_not_configured", "no")));
  await expect(run()).rejects.toBeInstanceOf(ConnectConfigError);
  const stop = new AbortController();
  fake.server.answer(sendDevice, fakeState("pending"));
  await expect(run({ signal: stop.signal, onCode: () => stop.abort("enough") })).rejects.toBe("enough");
});

test.each<[string, object, RegExp]>([
  ["no provider", { provider: undefined }, /Option "provider"/],
  ["several", { providers: ["github"] }, /no option "providers"/],
  ["scopes as text", { scopes: "repo" }, /Option "scopes"/],
  ["onCode that is no function", { onCode: true }, /"onCode" must be a function/],
])("%s is refused before anything is sent", async (_name, options, message) => {
  const failure = run(options);
  await expect(failure).rejects.toThrow(AlterValueError);
  await expect(failure).rejects.toThrow(message);
  expect(fake.server.seen).toHaveLength(0);
});

test("with nowhere to print says what to pass", async () => {
  fake.server.answer(sendDevice);
  await expect(run({}, { print: () => false })).rejects.toThrow(/Pass "onCode"/);
});
