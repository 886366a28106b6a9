import { expect, test } from "vitest";
import { operationTools } from "./adapter-operation.ts";
import type { OAuthProviderInfo } from "./oauth-providers.ts";

const provider = {
  providerId: "issue-desk",
  name: "Issue Desk",
  apiBaseUrl: "https://{host}/v1/",
  operations: [
    { id: "issues.get", summary: "Read an issue", method: "GET", path: "/issues/{id}", access: "read" },
    { id: "issues.create", summary: "Create an issue", method: "POST", path: "/issues", access: "write" },
    { id: "files.get", summary: "Read a file", method: "GET", path: "https://files.example/{file}", access: "read" },
    { id: "search", summary: "Search", method: "POST", path: "/graphql", access: "read", graphql: "query { a }" },
  ],
} as unknown as OAuthProviderInfo;
const variables = { host: "desk.example" };

test("without a choice, what only reads", () => {
  const tools = operationTools(provider, { variables });
  expect(tools.map(({ name }) => name)).toEqual(["issue_desk_issues_get", "issue_desk_files_get", "issue_desk_search"]);
});

test("what a model fills in, and the call of it", () => {
  const [get, create, file, search] = operationTools(provider, {
    operations: ["issues.get", "issues.create", "files.get", "search"],
    variables,
  });
  expect(get).toMatchObject({ description: "Read an issue (Issue Desk).", access: "read" });
  expect(get?.inputSchema).toMatchObject({ properties: { id: { type: "string" } }, required: ["id"] });
  expect(get?.inputSchema.properties).not.toHaveProperty("body");
  expect(get?.request({ id: "7", query: { a: "b" } })).toEqual({
    method: "GET",
    url: "https://desk.example/v1/issues/{id}",
    pathParams: { id: "7" },
    queryParams: { a: "b" },
  });
  expect(create?.request({ body: { title: "t" } })).toEqual({
    method: "POST",
    url: "https://desk.example/v1/issues",
    json: { title: "t" },
  });
  expect(file?.request({ file: "f" })).toMatchObject({ url: "https://files.example/{file}" });
  expect(search?.request({ variables: { n: 1 } })).toMatchObject({
    json: { query: "query { a }", variables: { n: 1 } },
  });
});

test("an operation or a variable that is not there is named", () => {
  expect(() => operationTools(provider, { operations: ["nope"], variables })).toThrow(
    'issue-desk has no operation "nope". It has: issues.get,',
  );
  expect(() => operationTools(provider)).toThrow('needs a value for "host"');
});
