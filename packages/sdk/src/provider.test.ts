import { expect, test } from "vitest";
import { ActorType, CallerType, HttpMethod, Provider } from "./index.ts";

test("66 providers, each with a slug of its own", () => {
  const ids = Object.values(Provider);
  expect(ids).toHaveLength(66);
  expect(new Set(ids).size).toBe(66);
  for (const [name, id] of Object.entries(Provider)) {
    expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(name).toBe(id.toUpperCase().replaceAll("-", "_"));
  }
  expect(Provider).toMatchObject({ GOOGLE: "google", GITHUB: "github", SLACK: "slack", HUBSPOT: "hubspot" });
});

test("the other names", () => {
  expect(ActorType).toEqual({ AI_AGENT: "ai_agent", BACKEND_SERVICE: "backend_service", MCP_SERVER: "mcp_server" });
  expect(CallerType).toEqual({ AGENT: "agent", SERVICE: "service", MCP_SERVER: "mcp_server" });
  expect(Object.keys(HttpMethod)).toEqual(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
});
