import { expect, test } from "vitest";
import { connectionSettings, databaseUrlProblem } from "./connection.ts";

const modeOf = (url: string): string | null =>
  new URL(connectionSettings(url).connectionString ?? "").searchParams.get("sslmode");

test("over a network the connection is TLS with everything checked, whatever a weaker mode would have allowed", () => {
  expect(modeOf("postgres://db.example.com/vault")).toBe("verify-full");
  expect(modeOf("postgres://127.0.0.1.example.com/vault")).toBe("verify-full");
  for (const mode of ["prefer", "require", "verify-ca", "verify-full"]) {
    expect(modeOf(`postgres://db.example.com/vault?sslmode=${mode}&uselibpqcompat=true`)).toBe("verify-full");
  }
  expect(modeOf("postgres://db.example.com/vault?sslmode=disable")).toBe("disable");
});

test("on this machine it is plain, unless the address asks for more", () => {
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) expect(modeOf(`postgres://${host}:5432/vault`)).toBeNull();
  expect(modeOf("postgres:///vault?host=/var/run/postgresql&user=vault")).toBeNull();
  expect(modeOf("postgres://localhost/vault?sslmode=require")).toBe("verify-full");
});

test("what is wrong with an address is told without the address", () => {
  const problemOf = (url: string): string => databaseUrlProblem(url) ?? "none";
  expect(problemOf("postgres://u:fake-password@h/d")).toBe("none");
  expect(problemOf("postgresql://h/d?sslmode=verify-full")).toBe("none");
  expect(databaseUrlProblem(undefined)).toBeNull();
  for (const url of ["fake-password", "mysql://u:fake-password@h/d", "postgres://u:fake-password@h"]) {
    expect(problemOf(url)).not.toBe("none");
    expect(problemOf(url)).not.toContain("fake-password");
  }
  expect(problemOf("postgres://h/d?sslmode=no-verify")).toMatch(/trusts anybody/);
  expect(problemOf("postgres://h/d?sslmode=allow")).toMatch(/unknown sslmode/);
});
