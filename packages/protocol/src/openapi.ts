import { z } from "zod";
import { ERROR_CODES } from "./error-codes.ts";
import { HEADER } from "./headers.ts";
import { Problem } from "./problem.ts";
import { ROUTES } from "./routes.ts";
import type { Route } from "./routes/route.ts";

/** The OpenAPI 3.1 document of the vault, printed from the route table. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, route] of Object.entries(ROUTES) as [string, Route][]) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(id, route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Alter Vault",
      version,
      description: "Every call is signed with RFC 9421 HTTP Message Signatures, as docs/wire.md describes.",
      license: { name: "MIT", identifier: "MIT" },
    },
    security: [{ httpMessageSignature: [] }],
    paths,
    components: {
      schemas: { Problem: schema(Problem) },
      securitySchemes: {
        httpMessageSignature: {
          type: "apiKey",
          in: "header",
          name: "Signature",
          description: "RFC 9421 signature made with a key derived from the API key. The API key itself is never sent.",
        },
      },
    },
    "x-error-codes": ERROR_CODES,
  };
}

/** The headers that say what a call is about; docs/wire.md says how each is written. */
const REQUEST_HEADERS: readonly string[] = [
  HEADER.method,
  HEADER.target,
  HEADER.params,
  HEADER.grant,
  HEADER.provider,
  HEADER.account,
  HEADER.userToken,
  HEADER.headers,
  HEADER.caller,
  HEADER.context,
  HEADER.reason,
  HEADER.redirect,
  HEADER.sigv4,
  HEADER.call,
  HEADER.body,
  HEADER.bodyDigest,
];

/** Endpoints that are told of a call by these headers. */
const CALLS: readonly string[] = ["request", "retrieve", "preview"];

function operation(id: string, route: Route): Record<string, unknown> {
  const parameters: unknown[] = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  if (route.query) {
    const { properties = {} } = schema(route.query) as { properties?: Record<string, unknown> };
    for (const [name, value] of Object.entries(properties)) parameters.push({ name, in: "query", schema: value });
  }
  if (CALLS.includes(id)) {
    for (const name of REQUEST_HEADERS) {
      const required = name === HEADER.method || name === HEADER.target;
      parameters.push({ name, in: "header", ...(required ? { required } : {}), schema: { type: "string" } });
    }
  }
  return {
    operationId: id,
    summary: route.summary,
    ...(route.scope ? { "x-scope": route.scope } : {}),
    ...(parameters.length ? { parameters } : {}),
    ...(route.body
      ? { requestBody: { required: true, content: { "application/json": { schema: schema(route.body) } } } }
      : {}),
    ...(id === "request" || id === "preview"
      ? { requestBody: { description: "The body for the provider", content: { "*/*": {} } } }
      : {}),
    responses: {
      [route.status]: {
        description: route.response ? "Done" : "The answer, as a stream",
        ...(route.response ? { content: { "application/json": { schema: schema(route.response) } } } : {}),
      },
      default: {
        description: "Refused",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function schema(type: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as Record<
    string,
    unknown
  >;
  return rest;
}
