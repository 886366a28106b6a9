import type { Failure } from "../../call.ts";

/** What an identity provider tells of, in the words of the vault. */
export type DirectoryEvent =
  | { readonly type: "user.seen"; readonly user: NoticedUser }
  | { readonly type: "user.deleted"; readonly subject: string }
  | {
      readonly type: "membership.added" | "membership.deleted";
      readonly subject: string;
      readonly group: { readonly externalId: string; readonly name?: string | undefined };
    }
  | { readonly type: "group.deleted"; readonly externalId: string };

export interface NoticedUser {
  readonly subject: string;
  /** Undefined: nothing is said of it. */
  readonly email?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly active?: boolean | undefined;
}

export interface Notice {
  /** Of this notice, each time it is sent. */
  readonly id: string;
  /** When what it tells of happened. */
  readonly saidAt: number;
  readonly event: DirectoryEvent;
}

/** Headers in lower case, the body as it came. */
export interface SignedNotice {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export type ReadNotices = { readonly ok: true; readonly notices: readonly Notice[] } | Failure;

/** For how long a notice counts as new. */
export const NOTICE_TOLERANCE_MS: number = 5 * 60_000;

export function unauthorized(detail: string): Failure {
  return { ok: false, code: "directory_unauthorized", detail };
}

export function unreadable(detail: string): Failure {
  return { ok: false, code: "invalid_request", detail };
}
