import type { ErrorCode } from "@alter-vault/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { attempts, type Attempts } from "../harness/attempts.ts";
import { identityWorld, type IdentityWorld } from "../harness/identity-world.ts";
import { startUpstream, type Upstream } from "../harness/upstream.ts";

/* An issuer is an address that somebody typed: it must not lead the vault inside. */
let world: IdentityWorld;
let upstream: Upstream;
let attempt: Attempts;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await identityWorld(upstream.origin);
  attempt = attempts(world, upstream);
});
afterAll(async () => {
  await world.stop();
  await upstream.close();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

describe("an issuer that leads inside", () => {
  const discover = (issuer: string) => attempt.admin("/v1/identity-providers/discover", { issuer });

  test.each<[string, ErrorCode]>([
    ["https://10.0.0.1", "target_address_forbidden"],
    ["https://169.254.169.254/latest", "target_address_forbidden"],
    ["https://[fd00:ec2::254]", "target_address_forbidden"],
    ["https://[::ffff:10.0.0.1]", "target_address_forbidden"],
    ["https://0x0a.0.0.1", "target_address_forbidden"],
    ["http://issuer.example", "target_insecure"],
    ["https://user:pass@issuer.example", "target_userinfo"],
    ["ftp://issuer.example", "target_insecure"],
    ["file:///etc/passwd", "target_invalid"],
    ["not an address", "target_invalid"],
  ])("%s", async (issuer, code) => {
    for (const call of [discover(issuer), attempt.admin("/v1/identity-providers", { issuer, audiences: ["a"] })]) {
      const answer = await attempt.send(call);
      expect(answer.problem?.code).toBe(code);
      expect(await attempt.entryOf(answer)).toMatchObject({ outcome: "vault_error", code });
    }
    expect(
      (await world.vault.operator.call("listIdentityProviders")).identity_providers.map((idp) => idp.issuer),
    ).not.toContain(issuer);
  });

  test.each<[string, (origin: string) => { status: number; body: unknown; location?: string }, ErrorCode]>([
    ["by a redirect", (origin) => ({ status: 302, body: {}, location: `${origin}/secrets` }), "redirect_refused"],
    [
      "by the address of its keys",
      (origin) => ({ status: 200, body: { issuer: origin, jwks_uri: "https://169.254.169.254/keys" } }),
      "target_address_forbidden",
    ],
    [
      "by keys without TLS",
      (origin) => ({ status: 200, body: { issuer: origin, jwks_uri: "http://issuer.example/keys" } }),
      "target_insecure",
    ],
    [
      "by keys in a file",
      (origin) => ({ status: 200, body: { issuer: origin, jwks_uri: "file:///etc/passwd" } }),
      "target_invalid",
    ],
    [
      "under another name",
      () => ({
        status: 200,
        body: { issuer: "https://accounts.google.com", jwks_uri: "https://www.googleapis.com/oauth2/v3/certs" },
      }),
      "identity_provider_invalid",
    ],
  ])("%s", async (_name, page, code) => {
    const evil = await startUpstream((_call, response) => {
      const { status, body, location } = page(evil.origin);
      response.writeHead(status, {
        "content-type": "application/json",
        ...(location === undefined ? {} : { location: upstream.origin }),
      });
      response.end(JSON.stringify(body));
    });
    try {
      const answer = await attempt.send(discover(evil.origin));
      expect(answer.problem?.code).toBe(code);
      expect(await attempt.entryOf(answer)).toMatchObject({ outcome: "vault_error", code });
      expect(evil.calls).toHaveLength(1);
      expect(upstream.calls).toEqual([]);
    } finally {
      await evil.close();
    }
  });
});
