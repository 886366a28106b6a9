import type { ServiceGrantCreate } from "@alter-vault/protocol";
import type { z } from "zod";
import type { AuditLog } from "../../audit/log.ts";
import type { Failure } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import type { Keyring } from "../../crypto/keyring.ts";
import type { Egress } from "../../egress/egress.ts";
import type { NewId, RandomBytes } from "../../random.ts";
import type { Store } from "../../store/store.ts";
import { createAsk } from "../../egress/ask.ts";
import { createOAuthEngine } from "./create-engine.ts";
import { createDiscover } from "./discovery.ts";
import { endGrant, type Ended } from "./end-grant.ts";
import type { Connected, OAuthEngine } from "./engine.ts";
import { openProviderClient } from "./provider-client.ts";
import { createRefresher, type Fresh, type Refresher } from "./refresh.ts";
import { serviceGrant } from "./service-grant.ts";

/**
 * Everything the vault says to providers on its own behalf: connecting accounts, keeping their tokens alive, ending them.
 * What goes to a provider for a caller is not here but in `egress`, through the door.
 *
 * It trusts the entry of the catalogue for where to send what, and the store for who refreshes. It refuses to speak to a
 * host the entry does not lead to, to make a grant for an account nobody can name, and to use a token before it is stored.
 */
export interface OAuth {
  readonly engine: OAuthEngine;
  readonly refresher: Refresher;
  /** A grant that needs no user. */
  service(appId: string, providerId: string, wish: z.output<typeof ServiceGrantCreate>): Promise<Connected | Failure>;
  /** Ends the grant here and at the provider. Null when there is nothing to end. */
  end(appId: string, grantId: string, status: "revoked" | "deleted"): Promise<Ended | null>;
  /** New tokens now, whatever the old ones are good for. Null: there is no such grant. */
  refreshNow(appId: string, grantId: string): Promise<Fresh | null>;
  close(): Promise<void>;
}

interface OAuthDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly egress: Egress;
  readonly log: Pick<AuditLog, "record" | "outcome">;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: NewId;
  readonly allowLoopback: boolean;
}

const NOT_REFRESHABLE: Failure = {
  ok: false,
  code: "refresh_not_supported",
  detail: "the provider gave no way to refresh these tokens",
};

export function createOAuth({ egress, clock, random, ...given }: OAuthDeps): OAuth {
  const { allowLoopback } = given;
  const now = (): number => clock.now();
  const ask = createAsk(egress, { allowLoopback });
  const chance = (): number => random(4).readUInt32BE() / 2 ** 32;
  const discover = createDiscover(ask, now);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const deps = { ...given, ask, now, discover, chance };
  const refresher = createRefresher({ ...deps, random: chance, sleep });

  return {
    engine: createOAuthEngine({ ...deps, random }),
    refresher,
    async service(appId, providerId, wish) {
      const opening = await openProviderClient(deps, appId, providerId);
      return opening.ok ? serviceGrant(deps, opening.client, wish) : opening;
    },
    end: (appId, grantId, status) => endGrant(deps, appId, grantId, status),
    async refreshNow(appId, grantId) {
      const credential = await given.store.findOAuthCredential(appId, grantId);
      return credential && ((await refresher.replace(credential)) ?? NOT_REFRESHABLE);
    },
    close: () => refresher.close(),
  };
}
