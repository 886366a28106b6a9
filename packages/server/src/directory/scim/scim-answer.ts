import type { Failure } from "../../call.ts";

/** An answer of SCIM (RFC 7644), before it is HTTP. */
export interface ScimAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly requestId?: string | undefined;
  readonly location?: string | undefined;
}

/** RFC 7644, 3.12. */
export type ScimType =
  | "invalidFilter"
  | "uniqueness"
  | "mutability"
  | "invalidSyntax"
  | "invalidPath"
  | "noTarget"
  | "invalidValue";

/** Why something is not done. */
export interface ScimProblem {
  readonly ok: false;
  readonly status: number;
  readonly scimType?: ScimType;
  readonly detail: string;
  /** For the audit log. */
  readonly code: Failure["code"];
}

export const SCHEMA = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
} as const;

export function problem(status: 400 | 404 | 405 | 409 | 413, detail: string, scimType?: ScimType): ScimProblem {
  const code = status === 404 ? "user_not_found" : status === 409 ? "conflict" : "invalid_request";
  return { ok: false, status, detail, code, ...(scimType === undefined ? {} : { scimType }) };
}

export function problemAnswer(
  { status, detail, scimType }: Pick<ScimProblem, "status" | "detail" | "scimType">,
  requestId?: string,
): ScimAnswer {
  const body = {
    schemas: [SCHEMA.error],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  };
  return { status, body, requestId };
}
