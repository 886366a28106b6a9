import { describe, expect, test } from "vitest";
import { buildInjection, type InjectionOptions } from "./injection-options.ts";
import type { SecretKind } from "./secret-value.ts";

describe("options that make a rule", () => {
  const cases: [SecretKind, InjectionOptions, unknown][] = [
    ["bearer", {}, { kind: "bearer" }],
    ["basic", {}, { kind: "basic" }],
    ["api-key", {}, { kind: "api-key", in: "header" }],
    [
      "api-key",
      { header: "authorization", prefix: "Token" },
      { kind: "api-key", in: "header", name: "authorization", prefix: "Token" },
    ],
    ["api-key", { query: "key" }, { kind: "api-key", in: "query", name: "key" }],
    ["sigv4", { region: "eu-west-1", service: "s3" }, { kind: "sigv4", region: "eu-west-1", service: "s3" }],
    [
      "custom",
      { headerTemplate: ["X-Id: {id}", "X-Url:https://{key}"], queryTemplate: ["sig=a={key}"] },
      { kind: "custom", headers: { "X-Id": "{id}", "X-Url": "https://{key}" }, query: { sig: "a={key}" } },
    ],
  ];
  test.each(cases)("%s %j", (kind, options, injection) => {
    expect(buildInjection(kind, options)).toEqual({ ok: true, injection });
  });
});

describe("options that do not go together", () => {
  const cases: [SecretKind, InjectionOptions, RegExp][] = [
    ["bearer", { header: "x-key" }, /^--header does not go with --kind bearer$/],
    ["basic", { region: "eu-west-1" }, /--region/],
    ["sigv4", { headerTemplate: ["a: {b}"] }, /--header-template/],
    ["custom", { headerTemplate: ["a: {b}"], prefix: "Token" }, /--prefix/],
    ["api-key", { header: "a", query: "b" }, /exclude/],
    ["api-key", { query: "b", prefix: "Token" }, /--prefix/],
    ["custom", {}, /at least one/],
    ["custom", { headerTemplate: ["no separator"] }, /--header-template/],
    ["custom", { headerTemplate: [": {a}"] }, /--header-template/],
    ["custom", { headerTemplate: ["X-A: {a}", "x-a: {b}"] }, /once/],
    ["custom", { queryTemplate: ["a="] }, /--query-template/],
  ];
  test.each(cases)("%s %j", (kind, options, detail) => {
    expect(buildInjection(kind, options)).toEqual({ ok: false, detail: expect.stringMatching(detail) as string });
  });
});
