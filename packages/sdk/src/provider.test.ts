import { expect, test } from "vitest";
import { ActorType, CallerType, HttpMethod, Provider } from "./index.ts";

/** Named by the product's documentation from the beginning. */
const DOCUMENTED = `
acuity-scheduling adobe aircall airtable apollo asana atlassian attio autodesk
basecamp bitbucket bitly box brex cal-com calendly canva clickup
close constant-contact contentful deel dialpad digitalocean discord docusign dropbox
ebay eventbrite facebook figma github google hubspot instagram linear
linkedin mailchimp mercury microsoft miro monday notion outreach pagerduty
paypal pinterest pipedrive quickbooks ramp reddit ringcentral salesforce sentry
slack snapchat spotify square squarespace stripe tiktok todoist twitter
typeform webex webflow
`.trim();

test("every documented provider has its name, and each name is made from its id", () => {
  const names: Readonly<Record<string, string>> = Provider;
  const documented = DOCUMENTED.split(/\s+/);
  expect(documented).toHaveLength(66);
  for (const id of documented) expect(names[id.toUpperCase().replaceAll("-", "_")]).toBe(id);
  for (const [name, id] of Object.entries(names)) {
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
