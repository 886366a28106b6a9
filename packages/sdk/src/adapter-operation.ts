/**
 * The named operations of the catalogue as tools, for adapters that make a ready set of them. Method and address are the
 * catalogue's; a model fills in path parameters, query and body, and cannot leave their places.
 */
import type { ToolRequest } from "./adapter.ts";
import { AlterValueError } from "./errors.ts";
import type { HttpMethod } from "./http-method.ts";
import type { OAuthProviderInfo } from "./oauth-providers.ts";

export interface OperationOptions {
  /** Ids of the catalogue, such as `repos.get`. Default: every operation that only reads. */
  readonly operations?: readonly string[] | undefined;
  /** Values of the variables in the provider's address: tenant, region, shop. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

export interface OperationTool {
  /** What models take for a name: `github_repos_get`. */
  readonly name: string;
  readonly description: string;
  readonly access: OAuthProviderInfo["operations"][number]["access"];
  readonly inputSchema: ObjectSchema;
  /** The call for an input that fits the schema. */
  readonly request: (input: Readonly<Record<string, unknown>>) => ToolRequest;
}

/** JSON Schema of an object. */
export interface ObjectSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, object>>;
  readonly required: string[];
  readonly additionalProperties: false;
}

/** Throws AlterValueError for an operation the provider does not have, and for a variable without a value. */
export function operationTools(provider: OAuthProviderInfo, options: OperationOptions = {}): OperationTool[] {
  const { operations, variables = {} } = options;
  const chosen = operations?.map((id) => findOperation(provider, id));
  return (chosen ?? provider.operations.filter(({ access }) => access === "read")).map((operation) =>
    operationTool(provider, operation, variables),
  );
}

type Operation = OAuthProviderInfo["operations"][number];

function findOperation({ providerId, operations }: OAuthProviderInfo, id: string): Operation {
  const operation = operations.find((one) => one.id === id);
  if (operation !== undefined) return operation;
  const known = operations.map((one) => one.id).join(", ");
  throw new AlterValueError(`${providerId} has no operation "${id}". It has: ${known || "none"}.`);
}

function operationTool(
  { providerId, name, apiBaseUrl }: OAuthProviderInfo,
  { id, summary, method, path, access, graphql }: Operation,
  variables: Readonly<Record<string, string>>,
): OperationTool {
  const base = path.startsWith("/") ? withVariables(providerId, apiBaseUrl, variables).replace(/\/$/, "") : "";
  const url = `${base}${path}`;
  const parameters =
    graphql === undefined ? [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, parameter]) => parameter ?? []) : [];
  const takesBody = graphql === undefined && ["POST", "PUT", "PATCH"].includes(method);
  return {
    name: `${providerId}_${id}`.replaceAll(/[^\w]/g, "_").slice(0, 64),
    description: `${summary} (${name}).`,
    access,
    inputSchema: schemaOf(
      parameters,
      graphql === undefined ? (takesBody ? ["query", "body"] : ["query"]) : ["variables"],
    ),
    request(input) {
      if (graphql !== undefined)
        return { method: "POST", url, json: { query: graphql, variables: input["variables"] ?? {} } };
      const pathParams = Object.fromEntries(parameters.map((parameter) => [parameter, String(input[parameter])]));
      const { query, body } = input as { query?: Record<string, string>; body?: unknown };
      return {
        method: method as HttpMethod,
        url,
        ...(parameters.length === 0 ? {} : { pathParams }),
        ...(query === undefined ? {} : { queryParams: query }),
        ...(takesBody && body !== undefined ? { json: body } : {}),
      };
    },
  };
}

const PARTS: Readonly<Record<string, object>> = {
  query: {
    type: "object",
    description: "Query parameters, as the provider documents them.",
    additionalProperties: { type: ["string", "number", "boolean"] },
  },
  body: { type: "object", description: "The body, as the provider documents it.", additionalProperties: true },
  variables: { type: "object", description: "Variables of the GraphQL document.", additionalProperties: true },
};

function schemaOf(parameters: readonly string[], parts: readonly string[]): ObjectSchema {
  const taken = parameters.map((parameter) => [parameter, { type: "string" }] as const);
  const others = parts.flatMap((part) => (PARTS[part] === undefined ? [] : [[part, PARTS[part]] as const]));
  return {
    type: "object",
    properties: Object.fromEntries([...others, ...taken]),
    required: [...parameters],
    additionalProperties: false,
  };
}

function withVariables(providerId: string, template: string, variables: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value !== undefined) return value;
    throw new AlterValueError(`The address of ${providerId} needs a value for "${name}". Pass variables: { ${name} }.`);
  });
}
