import type { Secret } from "@alter-vault/protocol";
import { toTimestamp } from "../../clock.ts";
import { sealSecretValue } from "../../credential/secret-value.ts";
import { parseAllowedHost } from "../../egress/allowed-hosts.ts";
import { checkSecret } from "../../inject/inject.ts";
import type { GrantRecord } from "../../store/grant-records.ts";
import type { SecretRecord } from "../../store/store.ts";
import type { Failure } from "../../call.ts";
import { pageFields, toPage } from "./page.ts";
import type { RouteDeps } from "./routes.ts";
import { invalid, reads, type RouteHandlers } from "./route-handler.ts";

const show = (secret: SecretRecord): Secret => ({
  secret_id: secret.id,
  app_id: secret.appId,
  name: secret.name,
  provider: secret.provider,
  kind: secret.injection.kind,
  injection: secret.injection,
  allowed_hosts: [...secret.allowedHosts],
  version: secret.version,
  created_at: toTimestamp(secret.createdAt),
  updated_at: toTimestamp(secret.updatedAt),
});

type Ids = "listSecrets" | "createSecret" | "getSecret" | "updateSecret" | "rotateSecret" | "deleteSecret";

export function secretRoutes({ store, keyring, clock, newId, allowLoopback }: RouteDeps): RouteHandlers<Ids> {
  return {
    listSecrets: ({ caller, query }) =>
      reads(async () => {
        const listed = await store.listSecrets(caller.appId, toPage(query));
        return { secrets: listed.records.map(show), ...pageFields(listed, query) };
      }),

    getSecret: ({ caller, id }) =>
      reads(async () => {
        const secret = await store.findSecret(caller.appId, id);
        return secret ? show(secret) : NOT_FOUND;
      }),

    createSecret: ({ caller, body }) => {
      const hosts = normalizeHosts(body.allowed_hosts, allowLoopback);
      if (!hosts.ok) return hosts;
      const checked = checkSecret(body.injection, body.value);
      if (!checked.ok) return invalid("invalid_request", checked.issues);
      const now = clock.now();
      const secretId = newId();
      const provider = body.provider ?? slugOf(body.name);
      const grant: GrantRecord = {
        id: newId(),
        appId: caller.appId,
        secretId,
        provider,
        principalType: "system",
        principalId: null,
        label: body.label ?? null,
        status: "active",
        allowRetrieve: false,
        createdAt: now,
        expiresAt: null,
        revokedAt: null,
        account: null,
        policy: null,
        data: null,
      };
      return {
        ok: true,
        facts: { secret_id: secretId, grant_id: grant.id, provider, principal_type: "system" },
        run: async () => {
          const secret: SecretRecord = {
            id: secretId,
            appId: caller.appId,
            name: body.name,
            provider,
            injection: body.injection,
            allowedHosts: hosts.hosts,
            sealedValue: await sealSecretValue(keyring, caller.appId, secretId, body.value),
            version: 1,
            createdAt: now,
            updatedAt: now,
          };
          if (!(await store.insertSecret(secret, grant))) return nameTaken(body.name);
          return { ok: true, body: { ...show(secret), grant_id: grant.id } };
        },
      };
    },

    updateSecret: ({ caller, id, body }) => {
      const hosts = body.allowed_hosts === undefined ? null : normalizeHosts(body.allowed_hosts, allowLoopback);
      if (hosts && !hosts.ok) return hosts;
      return {
        ok: true,
        facts: { secret_id: id },
        run: async () => {
          const updated = await store.updateSecret(caller.appId, id, {
            ...(body.name === undefined ? {} : { name: body.name }),
            ...(hosts ? { allowedHosts: hosts.hosts } : {}),
            at: clock.now(),
          });
          if (updated === "taken") return nameTaken(body.name ?? "");
          return updated ? { ok: true, body: show(updated) } : NOT_FOUND;
        },
      };
    },

    rotateSecret: async ({ caller, id, body }) => {
      const secret = await store.findSecret(caller.appId, id);
      if (!secret) return NOT_FOUND;
      const checked = checkSecret(secret.injection, body.value);
      if (!checked.ok) return invalid("invalid_request", checked.issues);
      return {
        ok: true,
        facts: { secret_id: id, provider: secret.provider },
        run: async () => {
          const sealed = await sealSecretValue(keyring, caller.appId, id, body.value);
          const updated = await store.updateSecret(caller.appId, id, { value: { sealed }, at: clock.now() });
          return updated && updated !== "taken" ? { ok: true, body: show(updated) } : NOT_FOUND;
        },
      };
    },

    deleteSecret: ({ caller, id }) => ({
      ok: true,
      facts: { secret_id: id },
      run: async () => {
        const deleted = await store.deleteSecret(caller.appId, id, clock.now());
        return deleted ? { ok: true, body: show(deleted) } : NOT_FOUND;
      },
    }),
  };
}

const NOT_FOUND = { ok: false, code: "secret_not_found", detail: "no secret of this id" } as const;

function nameTaken(name: string): Failure {
  return { ok: false, code: "conflict", detail: `there is a secret called ${name}` };
}

function normalizeHosts(
  texts: readonly string[],
  allowLoopback: boolean,
): { ok: true; hosts: string[] } | (Failure & { ok: false }) {
  const issues: { path: string; message: string }[] = [];
  for (const [index, text] of texts.entries()) {
    const parsed = parseAllowedHost(text, { allowLoopback });
    if (!parsed.ok) issues.push({ path: `allowed_hosts.${index}`, message: parsed.detail });
  }
  return issues.length > 0 ? invalid("invalid_request", issues) : { ok: true, hosts: [...new Set(texts)] };
}

/** "Stripe Production" -> "stripe-production". */
function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return slug.slice(0, 100) || "secret";
}
