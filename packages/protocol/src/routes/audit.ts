import { AuditEntry, AuditList, AuditQuery, AuditVerification } from "../audit.ts";
import type { Route } from "./route.ts";

export const AUDIT_ROUTES = {
  listAudit: {
    method: "GET",
    path: "/v1/audit",
    scope: "audit:read",
    status: 200,
    query: AuditQuery,
    response: AuditList,
    summary: "List audit entries, newest first",
  },
  exportAudit: {
    method: "GET",
    path: "/v1/audit/export",
    scope: "audit:read",
    status: 200,
    query: AuditQuery,
    summary: "Stream audit entries as JSON lines, oldest first",
  },
  verifyAudit: {
    method: "POST",
    path: "/v1/audit/verify",
    scope: "audit:read",
    status: 200,
    response: AuditVerification,
    summary: "Recompute the hash chain and check it against the checkpoints",
  },
  getAudit: {
    method: "GET",
    path: "/v1/audit/{id}",
    scope: "audit:read",
    status: 200,
    response: AuditEntry,
    summary: "One audit entry",
  },
} as const satisfies Record<string, Route>;
