import type { z } from "zod";
import type { Scope } from "../scopes.ts";

/** What one endpoint takes, what it answers, which scope it needs. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope | null;
  readonly status: 200 | 201;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: z.ZodType;
}
