import { inspect } from "node:util";
import { makeProblem } from "@alter-vault/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import type { ConnectSessionOptions } from "./connect-session.ts";
import { AlterValueError, BackendError, ConnectConfigError } from "./errors.ts";
import { CONNECTED, FAKE_SESSION, FAKE_SESSION_TOKEN, fakeState, sendSession } from "./fake-connect.test-support.ts";
import { AT } from "./fake-grant.test-support.ts";
import { GRANT_ID, sendProblem } from "./fake-vault.test-support.ts";
import { useFakeVault } from "./use-fake-vault.test-support.ts";

const fake = useFakeVault();
beforeEach(() => {
  fake.server.answer(sendSession);
});

describe("createConnectSession", () => {
  test("without options", async () => {
    expect(await fake.vault.createConnectSession()).toEqual({
      sessionId: FAKE_SESSION.session_id,
      sessionToken: FAKE_SESSION_TOKEN,
      connectUrl: FAKE_SESSION.connect_url,
      expiresIn: 600,
      expiresAt: AT,
    });
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: "/v1/connect/sessions" });
    expect(fake.sentBody()).toEqual({});
  });

  test("with all of them, in the words of the wire", async () => {
    await fake.vault.createConnectSession({
      allowedProviders: ["google", "github"],
      returnUrl: "https://app.example/done",
      allowedOrigin: "https://app.example",
      grantPolicy: { maxTtlSeconds: 86_400, defaultTtlSeconds: 3600, expiresAt: new Date(AT) },
      requiredScopes: { google: ["calendar.read"] },
      variables: { shopify: { shop_name: "ada" } },
      agent: "mail-agent",
      label: "work",
      data: { team_name: "red" },
      grantId: GRANT_ID.toUpperCase(),
      loginHint: "ada@example.com",
      metadata: { ipAddress: "192.0.2.1", userAgent: "fake" },
      expiresInSeconds: 120,
    });
    expect(fake.sentBody()).toEqual({
      allowed_providers: ["google", "github"],
      return_url: "https://app.example/done",
      allowed_origin: "https://app.example",
      grant_policy: { max_ttl_seconds: 86_400, default_ttl_seconds: 3600, expires_at: AT },
      required_scopes: { google: ["calendar.read"] },
      variables: { shopify: { shop_name: "ada" } },
      agent: "mail-agent",
      label: "work",
      data: { team_name: "red" },
      grant_id: GRANT_ID,
      login_hint: "ada@example.com",
      metadata: { ip_address: "192.0.2.1", user_agent: "fake" },
      expires_in_seconds: 120,
    });
  });

  test.each<[string, ConnectSessionOptions]>([
    ["grantPolicy", { grantPolicy: { maxTtlSeconds: 60, defaultTtlSeconds: 30 } }],
    ["connectionPolicy", { connectionPolicy: { maxTtlSeconds: 60, defaultTtlSeconds: 30 } }],
    ["connectionPolicy in snake_case", { connectionPolicy: { max_ttl_seconds: 60, default_ttl_seconds: 30 } }],
  ])("a policy as %s", async (_name, options) => {
    await fake.vault.createConnectSession(options);
    expect(fake.sentBody()).toEqual({ grant_policy: { max_ttl_seconds: 60, default_ttl_seconds: 30 } });
  });

  test.each<[string, object, RegExp]>([
    ["two policies", { grantPolicy: {}, connectionPolicy: {} }, /"grantPolicy" and "connectionPolicy" are two names/],
    ["a bound twice", { grantPolicy: { maxTtlSeconds: 1, max_ttl_seconds: 1 } }, /"max_ttl_seconds" are two names/],
    ["a policy that is none", { grantPolicy: 3600 }, /"grantPolicy" must be an object/],
    ["an unknown bound", { grantPolicy: { ttl: 1 } }, /no option "ttl"/],
    [
      "a default over the bound",
      { grantPolicy: { maxTtlSeconds: 1, defaultTtlSeconds: 2 } },
      /"grantPolicy\.defaultTtlSeconds": is over/,
    ],
    ["one provider as text", { allowedProviders: "google" }, /Option "allowedProviders": .*array/],
    ["a provider id that is none", { allowedProviders: ["Google Mail"] }, /Option "allowedProviders\.0"/],
    ["connect()'s name", { providers: ["google"] }, /Did you mean "allowedProviders"/],
    ["the wire's name", { return_url: "https://app.example" }, /Did you mean "returnUrl"/],
    ["a return URL that is none", { returnUrl: "/done" }, /Option "returnUrl"/],
    ["scopes that are no lists", { requiredScopes: { google: "a b" } }, /Option "requiredScopes\.google"/],
    ["variables of a wrong type", { variables: { shopify: { shop_name: 7 } } }, /"variables\.shopify\.shop_name"/],
    ["metadata that is none", { metadata: "192.0.2.1" }, /"metadata" must be an object/],
    ["metadata of another name", { metadata: { ip: "192.0.2.1" } }, /no option "ip"/],
    ["a grant id that is none", { grantId: "google" }, /"grantId" must be the UUID/],
    ["too long", { expiresInSeconds: 1e6 }, /Option "expiresInSeconds"/],
    ["a user token that is none", { userToken: {} }, /"userToken" must be/],
  ])("%s is refused before anything is sent", async (_name, options, message) => {
    const failure = fake.vault.createConnectSession(options);
    await expect(failure).rejects.toThrow(AlterValueError);
    await expect(failure).rejects.toThrow(message);
    expect(fake.server.seen).toHaveLength(0);
  });

  test.each(["provider_not_configured", "return_url_not_allowed", "origin_not_allowed", "provider_scope_not_allowed"])(
    "%s is a matter of the configuration",
    async (code) => {
      fake.server.answer((_, response) => sendProblem(response, makeProblem(code as "provider_not_configured", "no")));
      const failure: unknown = await fake.vault.createConnectSession().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ConnectConfigError);
      expect(failure).toMatchObject({ code, connected: [] });
    },
  );
});

describe("pollConnectSession", () => {
  test("of a session that is over", async () => {
    fake.server.answer(fakeState("completed"));
    expect(await fake.vault.pollConnectSession(FAKE_SESSION_TOKEN)).toEqual({
      sessionId: FAKE_SESSION.session_id,
      status: "completed",
      grants: [CONNECTED],
      error: null,
      expiresAt: AT,
    });
    expect(fake.server.seen[0]).toMatchObject({ method: "POST", path: "/v1/connect/sessions/poll" });
    expect(fake.sentBody()).toEqual({ session_token: FAKE_SESSION_TOKEN });
  });

  test("of one in which something went wrong, which may still succeed", async () => {
    fake.server.answer(
      fakeState("pending", { error: { code: "connect_denied", detail: "declined", provider_id: "google" } }),
    );
    expect(await fake.vault.pollConnectSession(FAKE_SESSION_TOKEN)).toMatchObject({
      status: "pending",
      error: { code: "connect_denied", detail: "declined", providerId: "google" },
    });
  });

  test("of one that is not there", async () => {
    fake.server.answer((_, response) =>
      sendProblem(response, makeProblem("connect_session_not_found", "no such session")),
    );
    const failure: unknown = await fake.vault.pollConnectSession(FAKE_SESSION_TOKEN).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BackendError);
    expect(failure).toMatchObject({ code: "connect_session_not_found" });
  });
});

test("the token is in no error and no log", async () => {
  const tooLong = FAKE_SESSION_TOKEN.repeat(10);
  const failures: unknown[] = [];
  const fail = async (act: () => Promise<unknown>): Promise<void> =>
    act().then(
      () => expect.unreachable(),
      (error: unknown) => void failures.push(error),
    );
  await fail(() => fake.vault.pollConnectSession(tooLong));
  await fail(() => fake.vault.pollConnectSession({ token: FAKE_SESSION_TOKEN } as unknown as string));
  fake.server.answer((_, response) => void response.writeHead(502).end());
  await fail(() => fake.vault.pollConnectSession(FAKE_SESSION_TOKEN));
  fake.server.answer((_, response) => sendProblem(response, makeProblem("overloaded", "full")));
  await fail(() => fake.vault.pollConnectSession(FAKE_SESSION_TOKEN, { timeout: 20 }));
  fake.server.answer(() => undefined);
  await fail(() => fake.vault.pollConnectSession(FAKE_SESSION_TOKEN, { timeout: 20 }));
  fake.server.answer((_, response) => void response.destroy());
  await fail(() => fake.vault.pollConnectSession(FAKE_SESSION_TOKEN));
  expect(failures).toHaveLength(6);
  const shown = failures.flatMap((error) => [
    inspect(error, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(error),
    String(error instanceof Error ? error.stack : error),
  ]);
  expect([...shown, ...fake.warnings].join("\n")).not.toContain(FAKE_SESSION_TOKEN.slice(5));
});
