import type { z } from "zod";
import type { Route, RouteId, ROUTES } from "@alter-vault/protocol";
import type { Done, Failure, OperationCaller, Plan } from "../../call.ts";
import { invalid, type Issue } from "../../invalid-input.ts";

export { invalid, type Issue };

/** Endpoints that go through `Vault.perform`: all but those that are told of a call. */
export type ResourceRouteId = Exclude<RouteId, "request" | "retrieve" | "preview">;

type Parsed<Id extends RouteId, Part extends "query" | "body"> =
  (typeof ROUTES)[Id] extends Record<Part, infer Schema>
    ? Schema extends z.ZodType
      ? z.output<Schema>
      : undefined
    : undefined;

export interface RouteInput<Id extends RouteId> {
  readonly caller: OperationCaller;
  /** The `{id}` of the path, or "". */
  readonly id: string;
  readonly query: Parsed<Id, "query">;
  readonly body: Parsed<Id, "body">;
}

export type RouteHandler<Id extends RouteId> = (input: RouteInput<Id>) => Plan | Promise<Plan>;
export type RouteHandlers<Ids extends RouteId> = { readonly [Id in Ids]: RouteHandler<Id> };

/** A plan that only reads. */
export function reads(run: () => Promise<unknown>): Plan {
  return {
    ok: true,
    run: async (): Promise<Done | Failure> => {
      const body = await run();
      return isFailure(body) ? body : { ok: true, body };
    },
  };
}

function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "ok" in value && value.ok === false;
}

/** Reads query and body by the schemas of the route. */
export function parseInput(
  route: Route,
  search: string,
  body: Buffer,
): { ok: true; query: unknown; body: unknown } | Failure {
  const query = route.query ? parse(route.query, Object.fromEntries(new URLSearchParams(search))) : EMPTY;
  if (!query.ok) return query;
  if (!route.body) return { ok: true, query: query.value, body: undefined };
  let json: unknown;
  try {
    json = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    return { ok: false, code: "invalid_json", detail: "the body is not JSON" };
  }
  if (isDeeper(json, DEEPEST)) {
    return { ok: false, code: "invalid_request", detail: `the body is nested more than ${DEEPEST} levels deep` };
  }
  const parsed = parse(route.body, json);
  return parsed.ok ? { ok: true, query: query.value, body: parsed.value } : parsed;
}

/** Whoever walks through a body does so by recursion, which must come to an end. */
const DEEPEST = 100;

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

const EMPTY = { ok: true, value: undefined } as const;

function parse(schema: z.ZodType, value: unknown): { ok: true; value: unknown } | Failure {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return invalid(
    "invalid_request",
    parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
  );
}
