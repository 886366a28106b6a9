import { mkdtempSync, rmSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { initDataDir, startLocalVault, type LocalVault } from "../local-vault.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { around, json, run } from "./run-cli.test-support.ts";

/* Identity on the command line, against a real vault and an issuer on 127.0.0.1. */
const data = mkdtempSync(join(tmpdir(), "alter-vault-identity-"));
let vault: LocalVault;
let issuer: Server;
let issuerUrl: string;

beforeAll(async () => {
  const jwk = { ...(await exportJWK((await generateKeyPair("ES256")).publicKey)), alg: "ES256", kid: "one" };
  issuer = createServer((request, response) => {
    const document = { issuer: issuerUrl, jwks_uri: `${issuerUrl}/jwks` };
    response.end(JSON.stringify(request.url === "/jwks" ? { keys: [jwk] } : document));
  });
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  const config = loadConfig("dev", { ALTER_VAULT_DATA: data, ALTER_VAULT_PORT: "0" }, {});
  await initDataDir(config, around);
  vault = await startLocalVault(config, around);
});
afterAll(async () => {
  await vault.stop();
  issuer.close();
  rmSync(data, { recursive: true, force: true });
});

const here = (...args: string[]): string[] => [...args, "--data", data];

test("an identity provider from discovery to its end", async () => {
  const preview = await json(here("idp", "discover", issuerUrl));
  expect(preview).toMatchObject({ code: 0, answer: { issuer: issuerUrl, algorithms: ["ES256"], keys: 1 } });
  expect((await run(here("idp", "add", issuerUrl))).stderr).toContain("the audience is missing");
  const both = await run(here("idp", "add", issuerUrl, "--audience", "a", "--groups-claim", "g", "--no-groups"));
  expect(both).toMatchObject({ code: 2 });
  const added = await json<{ idp_id: string }>(
    here("idp", "add", issuerUrl, "--audience", "vault", "--groups-claim", "/realm/roles", "--authorized-party", "web"),
  );
  expect(added).toMatchObject({
    code: 0,
    answer: { audiences: ["vault"], authorized_parties: ["web"], claims: { groups: "/realm/roles", user_id: "sub" } },
  });
  const id = added.answer.idp_id;
  expect(await run(here("idp", "add", issuerUrl, "--audience", "vault"))).toMatchObject({ code: 5 });
  expect((await run(here("idp", "list"))).stdout).toContain(issuerUrl);
  expect((await run(here("idp", "show", id))).stdout).toContain(`/scim/v2/${id}`);
  expect(await run(here("idp", "update", id))).toMatchObject({ code: 2 });
  expect(await json(here("idp", "update", id, "--disable", "--no-groups"))).toMatchObject({
    answer: { status: "disabled", claims: { groups: null } },
  });
  expect(await json(here("idp", "update", id, "--enable"))).toMatchObject({ answer: { status: "active" } });

  const hook = await json(here("idp", "webhook", id, "--kind", "svix", "--value-stdin"), {
    stdin: "whsec_ZmFrZS1zZWNyZXQtMDEyMw==\n",
  });
  expect(hook).toMatchObject({ code: 0, answer: { webhook: "svix" } });
  expect(JSON.stringify(hook)).not.toContain("whsec_");
  expect(await run(here("idp", "webhook", id))).toMatchObject({ code: 2 });
  expect(await run(here("idp", "scim-token", id))).toMatchObject({ code: 2 });
  const scim = await run(here("idp", "scim-token", id, "--yes"));
  expect(scim.stdout).toMatch(/alter_scim_[\w-]{40,}/);
  expect(await run(here("idp", "remove", id))).toMatchObject({ code: 2 });
  expect(await run(here("idp", "remove", id, "--yes"))).toMatchObject({ code: 0 });
  expect(await run(here("idp", "show", id))).toMatchObject({ code: 4 });
});

test("users and groups are listed, suspended, resumed and deleted", async () => {
  const { answer: idp } = await json<{ idp_id: string; app_id: string }>(
    here("idp", "add", issuerUrl, "--audience", "v"),
  );
  const store = openSqliteStore(join(data, "vault.db"));
  const seen = await store.seeUser(idp.app_id, idp.idp_id, {
    newId: around.newId(),
    subject: "ada",
    email: "ada@example.com",
    groups: [{ newId: around.newId(), externalId: "staff", name: "Staff" }],
    source: "token",
    at: 1,
    saidAt: 1,
  });
  await store.close();
  const id = seen?.user.id ?? "";
  // Written by another connection: what the vault keeps in memory is its own affair.
  expect((await run(here("users", "list", "--idp", idp.idp_id))).stdout).toContain("ada@example.com");
  expect((await run(here("groups", "list"))).stdout).toMatch(/staff +Staff +1/);
  expect(await json(here("users", "suspend", id))).toMatchObject({ answer: { status: "suspended" } });
  expect(await json(here("users", "resume", id))).toMatchObject({ answer: { status: "active" } });
  expect((await run(here("users", "show", id))).stdout).toContain("Staff");

  const secret = [
    "secrets",
    "create",
    "--name",
    "s",
    "--kind",
    "bearer",
    "--value-stdin",
    "--allow-host",
    "api.example.com",
  ];
  const { answer: made } = await json<{ secret_id: string }>(here(...secret), { stdin: "fake-token-1234" });
  const issue = (...more: string[]) => json(here("grants", "create", made.secret_id, ...more));
  expect(await issue("--user", id, "--label", "Ada's")).toMatchObject({
    answer: { principal_type: "user", principal_id: id },
  });
  const group = ["--group", "staff", "--idp", idp.idp_id];
  expect(await issue(...group, "--label", "Staff")).toMatchObject({ answer: { principal_type: "group" } });
  expect(await issue(...group)).toMatchObject({ code: 2 });
  expect(await issue("--user", id)).toMatchObject({ code: 2 });
  expect(await issue("--group", "staff", "--label", "Staff")).toMatchObject({ code: 2 });
  expect(await issue("--user", id, "--agent", id, "--label", "x")).toMatchObject({ code: 2 });

  expect(await run(here("users", "delete", id))).toMatchObject({ code: 2 });
  expect(await json(here("users", "delete", id, "--yes"))).toMatchObject({ answer: { status: "deleted" } });
  expect(await run(here("users", "resume", id))).toMatchObject({ code: 3 });
  expect((await run(here("audit", "list", "--user", id))).stdout).toContain("deleteUser");

  const exported = await run(here("users", "export", id));
  const document = JSON.parse(exported.stdout) as Record<string, { action?: string }[]>;
  expect(Object.keys(document)).toEqual(["user", "grants", "entries"]);
  expect(document["entries"]?.map(({ action }) => action)).toContain("deleteUser");
  const file = join(data, "user.json");
  expect(await run(here("users", "export", id, "--out", file))).toMatchObject({ code: 0, stdout: "" });
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ user: [{ user_id: id }] });
  expect((await run(here("users", "erase", id, "--dry-run"))).stdout).toContain("Nothing was changed");
  const unsure = await run(here("users", "erase", id));
  expect(unsure).toMatchObject({ code: 2 });
  expect(unsure.stderr).toContain("This goes, here and at the providers");
  expect(await json(here("users", "erase", id, "--yes"))).toMatchObject({ answer: { erased: { grants: 1 } } });
  expect(await json(here("users", "show", id))).toMatchObject({ answer: { status: "erased", email: null } });
});

test("an agent, its keys, and what was issued to it", async () => {
  const metadata = join(data, "metadata.json");
  writeFileSync(metadata, '{"team":"one"}');
  const details = ["--allow", "google=calendar", "--allow", "github", "--metadata-file", metadata];
  const made = await json<{ agent_id: string; key_id: string; api_key: string }>(
    here("agents", "create", "--name", "scheduler", "--cidr", "127.0.0.0/8", "--rate", "5", "--ttl", "1d", ...details),
  );
  expect(made).toMatchObject({
    code: 0,
    answer: { scopes: { google: ["calendar"], github: [] }, metadata: { team: "one" } },
  });
  const { agent_id: id, key_id: key } = made.answer;
  expect((await run(here("agents", "list"))).stdout).toContain("scheduler");
  expect((await run(here("agents", "show", id))).stdout).toContain("google=calendar");
  expect(await json(here("agents", "update", id, "--display-name", "Scheduler"))).toMatchObject({
    answer: { display_name: "Scheduler", scopes: { github: [] } },
  });
  expect(await run(here("agents", "update", id))).toMatchObject({ code: 2 });
  expect(await json(here("agents", "pause", id))).toMatchObject({ answer: { status: "paused" } });
  expect(await json(here("agents", "resume", id))).toMatchObject({ answer: { status: "active" } });
  expect((await run(here("agents", "keys", "list", id))).stdout).toContain("5 requests a minute");

  expect(await run(here("api-keys", "revoke", key, "--yes"))).toMatchObject({ code: 5 });
  const rotated = await json<{ key_id: string; expires_at: string }>(here("api-keys", "rotate", key));
  expect(rotated).toMatchObject({ code: 0, answer: { agent_id: id, cidrs: ["127.0.0.0/8"], requests_per_minute: 5 } });
  expect(rotated.answer.expires_at).not.toBeNull();
  expect((await run(here("api-keys", "list"))).stdout).toContain("deprecated");
  expect(await json(here("api-keys", "deprecate", key, "--undo"))).toMatchObject({ answer: { status: "active" } });
  expect(await run(here("api-keys", "revoke", key, "--yes"))).toMatchObject({ code: 0 });
  const another = await run(here("agents", "keys", "create", id, "--name", "more", "--key-scope", "grants:read"));
  expect(another.stdout).toContain("alter_key_");
  expect(await run(here("agents", "keys", "create", id, "--key-scope", "keys:write"))).toMatchObject({ code: 3 });
  expect(await run(here("agents", "keys", "create", id, "--cidr", "10.0.0.0/99"))).toMatchObject({ code: 1 });
  expect((await run(here("delegations", "list", "--agent", id))).stdout).toContain("(none)");
  expect(await run(here("delegations", "revoke", id, "--yes"))).toMatchObject({ code: 4 });
  expect(await run(here("agents", "revoke", id))).toMatchObject({ code: 2 });
  expect(await json(here("agents", "revoke", id, "--yes"))).toMatchObject({ answer: { status: "revoked" } });
  expect((await run(here("audit", "list", "--agent-id", id))).stdout).toContain("revokeAgent");
});
