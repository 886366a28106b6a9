import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { initDataDir, startLocalVault, type LocalVault } from "../local-vault.ts";
import { around, json, run } from "./run-cli.test-support.ts";

const root = mkdtempSync(join(tmpdir(), "alter-vault-policy-cli-"));
const data = join(root, "data");
let vault: LocalVault;
const here = (...args: string[]): string[] => [...args, "--data", data];
const file = (name: string, text: string): string => {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
};

const POLICY = `
rules:
  - id: no-deletes
    name: No deletes
    scope: { provider: demo }
    effect: { type: deny, reason: Nothing is deleted }
    when: { method: [DELETE] }
`;
const CASES = `
cases:
  - { name: a delete, request: { method: DELETE, url: "https://api.example.com/a" }, expect: deny, rule: no-deletes }
  - { name: a read, request: { url: "https://api.example.com/a" }, expect: allow }
`;

beforeAll(async () => {
  const config = loadConfig("dev", { ALTER_VAULT_DATA: data, ALTER_VAULT_PORT: "0" }, {});
  await initDataDir(config, around);
  vault = await startLocalVault(config, around);
});
afterAll(async () => {
  await vault.stop();
  rmSync(root, { recursive: true, force: true });
});

describe("policy", () => {
  const policy = file("policy.yaml", POLICY);
  const stricter = file("stricter.yaml", POLICY.replace("[DELETE]", "[DELETE, PUT]"));

  test("test works without a vault, and says what does not hold", async () => {
    const cases = file("cases.yaml", CASES);
    const nowhere = ["--data", join(root, "nowhere")];
    const good = await run(["policy", "test", cases, "--policy", policy, ...nowhere]);
    expect(good).toMatchObject({ code: 0, stdout: "2 of 2 cases hold.\n" });
    const wrong = file("wrong.yaml", CASES.replace("expect: allow", "expect: deny"));
    const bad = await run(["policy", "test", wrong, "--policy", policy, ...nowhere]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain("a read\n  expected deny, got allow\n1 of 2 cases hold.\n");
  });

  test("edit, diff, publish, roll back, try, and end the trial", async () => {
    expect((await run(here("policy", "show"))).stdout).toContain("nothing was published");
    await json(here("policy", "edit", policy));
    expect((await run(here("policy", "diff"))).stdout).toContain("added rule no-deletes\n+ id: no-deletes\n");
    expect((await run(here("policy", "publish", "--draft", "--note", "first"))).stdout).toBe("Version 1 counts now.\n");
    expect((await run(here("policy", "publish", stricter))).stdout).toBe("Version 2 counts now.\n");
    expect((await run(here("policy", "diff", "1", "2"))).stdout).toMatch(/^changed rule no-deletes\n[^]*\+ .*- PUT\n/m);
    expect((await run(here("policy", "versions"))).stdout).toMatch(/^1 .*first$/m);
    expect((await run(here("policy", "rollback", "1"))).stdout).toBe("Version 1 counts again.\n");
    expect((await run(here("policy", "shadow", "--version-number", "2"))).stdout).toBe("Version 2 is being tried.\n");
    expect((await run(here("policy", "versions"))).stdout).toMatch(/^2 +is tried .*\n1 +counts .*first$/m);
    expect((await run(here("policy", "diff", stricter))).stdout).toMatch(
      /^changed rule no-deletes\n {2}id: [^]*\n\+ .*- PUT\n/,
    );
    expect((await run(here("policy", "show"))).stdout).toMatch(/# version 2 is being tried\n# version 1, .*: first\n/);
    expect((await run(here("policy", "shadow", "--end"))).stdout).toBe("Nothing is being tried.\n");
    expect((await run(here("policy", "publish", policy, "--expect", "9"))).code).toBe(5);
    expect((await run(here("policy", "test", file("cases.yaml", CASES)))).stdout).toBe("2 of 2 cases hold.\n");
  });

  test("what was shown can be published again", async () => {
    const shown = file("shown.yaml", (await run(here("policy", "show"))).stdout);
    expect((await run(here("policy", "diff", "published", shown))).stdout).toBe("There is no difference.\n");
  });

  test("explain says why, and what would change it", async () => {
    const call = file("call.yaml", "method: DELETE\nurl: https://api.example.com/a\n");
    const { stdout } = await run(here("policy", "explain", "--request", call));
    expect(stdout).toContain("deny by no-deletes: No deletes: Nothing is deleted (version 1)");
    expect(stdout).toContain("when method: wants DELETE; is DELETE -> yes");
    expect(stdout).toContain("it would not apply if method is anything but: DELETE");
  });

  test("a policy that is not valid is refused with what is wrong", async () => {
    const bad = file("bad.yaml", POLICY.replace("DELETE", "REMOVE"));
    const refused = await run(here("policy", "publish", bad));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("rules.0.when.method.0");
  });

  test("stop and resume", async () => {
    await run(here("policy", "stop", "agent", "bot", "--reason", "odd"));
    expect((await run(here("policy", "stops"))).stdout).toMatch(/agent +bot .*odd/);
    expect((await run(here("policy", "resume", "agent", "bot"))).stdout).toBe("It goes on.\n");
    expect((await run(here("policy", "resume", "agent", "bot"))).stdout).toBe("It was not stopped.\n");
  });
});

test("approvals list, and none of an unknown id", async () => {
  expect((await run(here("approvals", "list"))).stdout).toBe("(none)\n");
  const unknown = "01890000-0000-7000-8000-000000000000";
  expect((await run(here("approvals", "show", unknown))).code).toBe(4);
  expect((await run(here("approvals", "approve", unknown))).code).toBe(4);
});
