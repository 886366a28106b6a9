import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "./error-codes.ts";
import { HEADER } from "./headers.ts";
import { openApiDocument } from "./openapi.ts";
import { ROUTES, type RouteId } from "./routes.ts";
import type { Route } from "./routes/route.ts";
import { SCOPES } from "./scopes.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Json;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, { readonly schema?: Json }> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, { readonly schema: Json }> }
  >;
  readonly "x-scope"?: string;
}
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly security: readonly Record<string, readonly string[]>[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes: Record<string, Json> };
  readonly "x-error-codes": unknown;
}

// Through JSON, as a reader gets it: what JSON cannot say is gone.
const document = JSON.parse(JSON.stringify(openApiDocument("9.8.7"))) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
const routes = Object.entries(ROUTES) as [RouteId, Route][];

/** Every object inside a value, itself included. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const each of Object.values(value)) yield* objectsIn(each);
}

/** What a local reference (RFC 6901) points to. */
function resolve(ref: string): unknown {
  expect(ref).toMatch(/^#\//);
  let at: unknown = document;
  for (const part of ref.slice(2).split("/")) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  }
  return at;
}

describe("the document is OpenAPI 3.1", () => {
  test("with a version, a title and paths", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info.version).toBe("9.8.7");
    expect(document.info.title).not.toBe("");
    for (const path of Object.keys(document.paths)) expect(path).toMatch(/^\/v1(\/([a-z-]+|\{[a-z_]+\}))+$/);
  });

  test("JSON loses nothing of it", () => expect(openApiDocument("9.8.7")).toEqual(document));

  test("with methods that exist, and ids that are unique", () => {
    for (const { method } of operations) expect(["get", "put", "post", "delete", "patch"]).toContain(method);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("with parameters that have a name, a place and a schema, once each, and are required in a path", () => {
    for (const { path, operation } of operations) {
      const parameters = operation.parameters ?? [];
      for (const parameter of parameters) {
        expect(["path", "query", "header"]).toContain(parameter.in);
        expect(parameter.schema).toBeTypeOf("object");
        if (parameter.in === "path") expect(parameter.required).toBe(true);
      }
      const places = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect(new Set(places).size).toBe(places.length);
      const inPath = parameters.filter((parameter) => parameter.in === "path").map((parameter) => parameter.name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });

  test("with responses that have a status and a description", () => {
    for (const { operation } of operations) {
      expect(Object.keys(operation.responses)).toContain("default");
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^(2\d\d|default)$/);
        expect(response.description).not.toBe("");
      }
    }
  });

  test("with schemas that are plain JSON Schema: known types, no foreign dialect", () => {
    const types = ["string", "number", "integer", "boolean", "object", "array", "null"];
    const schemas = [
      ...Object.values(document.components.schemas),
      ...operations.flatMap(({ operation }) => [
        ...(operation.parameters ?? []).map((parameter) => parameter.schema),
        ...Object.values(operation.requestBody?.content ?? {}).map((media) => media.schema),
        ...Object.values(operation.responses).flatMap((answer) =>
          Object.values(answer.content ?? {}).map((media) => media.schema),
        ),
      ]),
    ];
    let typed = 0;
    for (const each of schemas.flatMap((root) => [...objectsIn(root)])) {
      expect(each).not.toHaveProperty("$schema");
      if (typeof each["type"] === "string" || Array.isArray(each["type"])) {
        for (const type of [each["type"]].flat()) expect(types).toContain(type);
        typed++;
      }
    }
    expect(typed).toBeGreaterThan(200);
  });

  test("with references that lead somewhere", () => {
    const refs = [...objectsIn(document)].map((each) => each["$ref"]).filter((ref) => typeof ref === "string");
    expect(refs.length).toBeGreaterThanOrEqual(routes.length);
    for (const ref of refs) expect(resolve(ref), ref).toBeTypeOf("object");
  });

  test("with a security scheme that is declared", () => {
    expect(document.security).not.toEqual([]);
    for (const name of document.security.flatMap((each) => Object.keys(each)))
      expect(document.components.securitySchemes).toHaveProperty(name);
  });
});

describe("the document says what the route table says", () => {
  test("no route is missing and none is made up", () => {
    const inTable = routes.map(([id, { method, path }]) => `${id} ${method} ${path}`);
    const inDocument = operations.map(
      ({ path, method, operation }) => `${operation.operationId} ${method.toUpperCase()} ${path}`,
    );
    expect(inDocument.toSorted()).toEqual(inTable.toSorted());
  });

  test.each(routes)("%s", (id, route) => {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    expect(operation?.summary).toBe(route.summary);
    expect(operation?.["x-scope"]).toBe(route.scope ?? undefined);
    expect(operation?.responses).toHaveProperty(String(route.status));
    const answer = operation?.responses[route.status]?.content?.["application/json"]?.schema;
    expect(answer !== undefined).toBe(route.response !== undefined);
    if (route.body)
      expect(operation?.requestBody).toMatchObject({ required: true, content: { "application/json": { schema: {} } } });
    else if (id !== "request" && id !== "preview") expect(operation).not.toHaveProperty("requestBody");
    const hasQuery = (operation?.parameters ?? []).some((parameter) => parameter.in === "query");
    expect(hasQuery).toBe(route.query !== undefined);
    expect(operation?.responses["default"]?.content).toHaveProperty(["application/problem+json"]);
  });

  test("query parameters keep their limits", () => {
    const limit = document.paths["/v1/grants"]?.["get"]?.parameters?.find((parameter) => parameter.name === "limit");
    expect(limit).toEqual({
      name: "limit",
      in: "query",
      schema: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    });
  });

  test("a call names every header it may carry; method and target are required", () => {
    // Set by the vault in its answer, or not part of a call.
    const { outcome, requestId, contentLength, app, grantId, missingScopes, keyDeprecated, replayed } = HEADER;
    const others: string[] = [outcome, requestId, contentLength, app, grantId, missingScopes, keyDeprecated, replayed];
    for (const path of ["/v1/request", "/v1/retrieve"]) {
      const parameters = document.paths[path]?.["post"]?.parameters ?? [];
      const expected = Object.values(HEADER).filter((name) => !others.includes(name));
      expect(parameters.map((parameter) => parameter.name).toSorted()).toEqual(expected.toSorted());
      const required = parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name);
      expect(required).toEqual(["alter-method", "alter-target"]);
    }
  });

  test("every error code is in it, and the problem schema lists the same codes", () => {
    expect(document["x-error-codes"]).toEqual(ERROR_CODES);
    const problem = document.components.schemas["Problem"] as { properties: { code: { enum: string[] } } };
    expect(problem.properties.code.enum).toEqual(Object.keys(ERROR_CODES));
  });
});

describe("the route table", () => {
  test("has no two routes in one place", () => {
    const places = routes.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test("asks for a scope everywhere but where a key asks about itself", () => {
    expect(routes.filter(([, route]) => route.scope === null).map(([id]) => id)).toEqual(["whoami", "resolveIdentity"]);
    expect([...SCOPES]).toEqual(expect.arrayContaining(routes.flatMap(([, { scope }]) => scope ?? [])));
  });

  test("needs a write scope, or one of its own, to change something", () => {
    for (const [id, { method, scope }] of routes) {
      if (method === "GET" || id === "verifyAudit" || id === "explainPolicy") continue;
      expect(scope, id).toMatch(/:write$|^proxy:execute$|^tokens:retrieve$|^connect:initiate$/);
    }
  });
});
