import type { Failure, Refused } from "../call.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { openIdpSecrets } from "../identity/idp-secrets.ts";
import type { IdpRecord } from "../store/identity-records.ts";
import { applyEvent, type ApplyDeps } from "./apply-event.ts";
import { recordChange, refuseDirectory, type DirectoryLogDeps } from "./directory-log.ts";
import { createScim, type Scim } from "./scim/scim.ts";
import {
  NOTICE_TOLERANCE_MS,
  unauthorized,
  type DirectoryEvent,
  type Notice,
  type SignedNotice,
} from "./webhook/notice.ts";
import { readNotices } from "./webhook/read-notices.ts";

/**
 * What identity providers tell of their users and groups by themselves: notices (webhooks), and provisioning by SCIM. It
 * counts from the next call on: whoever was suspended, deleted or taken out of a group has nothing kept for them anywhere.
 *
 * It trusts the secret that was agreed on with an identity provider, for that provider's own users and groups. It refuses
 * everything else, in one way whether the provider exists or not, and at a bounded rate. Nobody signs these requests with
 * an API key, so each change is in the audit log before it is made, and is not made when it cannot be written down.
 */
export interface Directory {
  webhook(idpId: string, signed: SignedNotice): Promise<{ readonly ok: true } | Refused>;
  readonly scim: Scim;
  /** Notices that are too old to come again. */
  forgetNotices(): Promise<void>;
}

export interface DirectoryDeps extends ApplyDeps, DirectoryLogDeps {
  readonly keyring: Pick<Keyring, "open">;
  readonly publicUrl: () => string;
}

const ACTION = "directory.webhook";
const FORGET_AT_MOST = 10_000;
const NOBODY: Failure = unauthorized("no identity provider takes notices at this address with this secret");

export function createDirectory(deps: DirectoryDeps): Directory {
  const { store, clock, keyring } = deps;

  async function take(idp: IdpRecord, { id, saidAt, event }: Notice): Promise<{ readonly ok: true } | Refused> {
    if (await store.hasNotice(idp.appId, idp.id, id)) return { ok: true };
    const context = { notice: id.slice(0, 200) };
    const userId = await aboutUser(idp, event);
    const done = await recordChange(deps, `${ACTION}.${event.type}`, idp, { userId, context }, async () => {
      await applyEvent(deps, idp, event, saidAt);
      return { ok: true } as const;
    });
    if (!done.ok) return "problem" in done ? done : refuseDirectory(deps, ACTION, idp, done);
    // Last of all: what was cut short is sent again, and then done.
    await store.putNotice(idp.appId, idp.id, id, clock.now() + 2 * NOTICE_TOLERANCE_MS);
    return { ok: true };
  }

  async function aboutUser(idp: IdpRecord, event: DirectoryEvent): Promise<string | undefined> {
    if (event.type === "group.deleted") return undefined;
    const subject = event.type === "user.seen" ? event.user.subject : event.subject;
    return (await store.findUserBySubject(idp.appId, idp.id, subject))?.user.id;
  }

  return {
    async webhook(idpId, signed) {
      const idp = await store.findIdpById(idpId);
      if (!idp || idp.webhookKind === null || idp.status !== "active")
        return refuseDirectory(deps, ACTION, idp, NOBODY);
      const secrets = openIdpSecrets(keyring, idp);
      if (!secrets) {
        const failure = { ok: false, code: "credential_unreadable", detail: "the secret does not open" } as const;
        return refuseDirectory(deps, ACTION, idp, failure);
      }
      const read = readNotices(idp.webhookKind, secrets.webhook_secret, signed, clock.now());
      if (!read.ok) return refuseDirectory(deps, ACTION, idp, read);
      for (const notice of read.notices) {
        const taken = await take(idp, notice);
        if (!taken.ok) return taken;
      }
      return { ok: true };
    },
    scim: createScim(deps),
    async forgetNotices() {
      await store.forgetNotices(clock.now(), FORGET_AT_MOST);
    },
  };
}
