import { findProvider } from "@alter-vault/providers";
import { describe, expect, test } from "vitest";
import { basic, formRequest, tokenRequest, type FormRequest } from "./token-request.ts";

const proof = { clientId: "id", clientSecret: "fake-secret", assertion: undefined };
const plain: FormRequest = {
  url: "https://auth.example.com/token",
  method: "POST",
  clientAuth: "post",
  body: "form",
  headers: {},
  params: { grant_type: "refresh_token", refresh_token: "fake-refresh" },
  rename: {},
  omit: [],
};

describe("client authentication", () => {
  test("post: both in the body", () => {
    const { body, headers } = formRequest(plain, proof);
    expect(Object.fromEntries(new URLSearchParams(body ?? ""))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "fake-refresh",
      client_id: "id",
      client_secret: "fake-secret",
    });
    expect(headers["authorization"]).toBeUndefined();
  });

  test("basic: in the header, and nowhere else", () => {
    const { body, headers } = formRequest({ ...plain, clientAuth: "basic" }, proof);
    expect(headers["authorization"]).toBe(`Basic ${Buffer.from("id:fake-secret").toString("base64")}`);
    expect(body).not.toContain("fake-secret");
    expect(body).not.toContain("client_id");
  });

  test("basic: both parts are form-encoded first (RFC 6749, 2.3.1)", () => {
    const header = basic({ clientId: "a:b", clientSecret: "c d%", assertion: undefined });
    expect(Buffer.from(header.slice(6), "base64").toString()).toBe("a%3Ab:c+d%25");
  });

  test("none: the id alone", () => {
    const { body } = formRequest({ ...plain, clientAuth: "none" }, proof);
    expect(new URLSearchParams(body ?? "").get("client_id")).toBe("id");
    expect(body).not.toContain("fake-secret");
  });

  test("private_key_jwt: the assertion instead of a secret", () => {
    const { body } = formRequest({ ...plain, clientAuth: "private_key_jwt" }, { ...proof, assertion: "fake.jwt.x" });
    expect(new URLSearchParams(body ?? "").get("client_assertion")).toBe("fake.jwt.x");
    expect(body).not.toContain("fake-secret");
  });
});

test("a JSON body", () => {
  const { body, headers } = formRequest({ ...plain, body: "json" }, proof);
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body ?? "")).toMatchObject({ refresh_token: "fake-refresh", client_id: "id" });
});

test("GET puts everything into the query", () => {
  const { url, body } = formRequest({ ...plain, method: "GET", url: "https://a.example.com/t?x=1" }, proof);
  expect(body).toBeNull();
  expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({ x: "1", refresh_token: "fake-refresh" });
});

test("parameters are renamed and left out after client authentication was added", () => {
  const { body } = formRequest({ ...plain, rename: { client_id: "client_key" }, omit: ["grant_type"] }, proof);
  const params = new URLSearchParams(body ?? "");
  expect(params.get("client_key")).toBe("id");
  expect(params.has("client_id")).toBe(false);
  expect(params.has("grant_type")).toBe(false);
});

test("an entry's own parameters and headers", () => {
  const notion = findProvider("notion");
  if (!notion) throw new Error("no entry");
  const { headers, body } = tokenRequest(notion, "https://api.notion.com/v1/oauth/token", { code: "fake-code" }, proof);
  expect(headers["authorization"]).toMatch(/^Basic /);
  expect(JSON.parse(body ?? "")).toEqual({ code: "fake-code" });
});
