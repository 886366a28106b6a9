import type { KeyringState } from "@alter-vault/protocol";
import { toTimestamp } from "../../clock.ts";
import type { KeyringReport } from "../../crypto/keyring.ts";
import type { RouteDeps } from "./routes.ts";
import { reads, type RouteHandlers } from "./route-handler.ts";

const show = (report: KeyringReport): KeyringState => ({
  provider: report.provider,
  master_keys: report.masterKeys.map(({ id, createdAt, active }) => ({
    id,
    created_at: toTimestamp(createdAt),
    active,
  })),
  data_keys: report.dataKeys,
  sealed_records: report.sealedRecords,
  stale_records: report.staleRecords,
});

export function keyringRoutes({ keyring }: RouteDeps): RouteHandlers<"getKeyring" | "rotateKeyring" | "forgetKeys"> {
  return {
    getKeyring: () => reads(async () => show(await keyring.state())),
    rotateKeyring: () => ({
      ok: true,
      run: async () => {
        await keyring.rotate();
        return { ok: true, body: show(await keyring.state()) };
      },
    }),
    forgetKeys: ({ body }) => ({
      ok: true,
      facts: { context: { replaced_before: body.replaced_before } },
      run: async () => {
        const { masterKeys, dataKeys } = await keyring.forgetReplaced(Date.parse(body.replaced_before));
        return { ok: true, body: { master_keys: masterKeys, data_keys: dataKeys } };
      },
    }),
  };
}
