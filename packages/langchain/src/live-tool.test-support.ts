import type { AuditEntry } from "@alter-vault/protocol";
import type { AlterVault, VaultCalls } from "@alter-vault/sdk";
import { createTestVault, type FakeApi, type TestVault } from "@alter-vault/testing";
import { afterEach, beforeEach } from "vitest";
import * as z from "zod";
import { vaultTool, type VaultTool } from "./index.ts";
import type { Call } from "./agents.test-support.ts";

export type NoteSchema = z.ZodObject<{ text: z.ZodString }>;
export const noteSchema: NoteSchema = z.object({ text: z.string() });

/** A real vault for each test, with an API that takes notes. */
export interface LiveBench {
  readonly testVault: TestVault;
  readonly vault: AlterVault;
  /** Nobody is connected to it unless the test says so. */
  readonly notes: FakeApi;
  /** A tool that posts a note, which is to be done once. */
  post(provider?: string): VaultTool<NoteSchema>;
  /** What the log says of the calls, oldest first. */
  contexts(): Promise<AuditEntry["context"][]>;
}

export const UUID: RegExp = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const note = (id: string, provider = "notes"): Call => ({ name: `post_${provider}`, args: { text: id }, id });

export const postTool = (vault: VaultCalls, provider: string): VaultTool<NoteSchema> =>
  vaultTool({
    vault,
    provider,
    name: `post_${provider}`,
    description: "Posts a note.",
    schema: noteSchema,
    request: (json) => ({ method: "POST", url: `https://api.${provider}.example/notes`, json }),
  });

/** Registers the hooks of a test file. */
export function startLiveBench(): LiveBench {
  let testVault: TestVault;
  let vault: AlterVault;
  let notes: FakeApi;
  beforeEach(async () => {
    testVault = await createTestVault();
    vault = testVault.sdk();
    notes = await testVault.provider("notes", {
      answer: ({ body }) => ({ posted: JSON.parse(body || "null") as unknown }),
    });
  });
  afterEach(() => testVault.stop());
  return {
    get testVault() {
      return testVault;
    },
    get vault() {
      return vault;
    },
    get notes() {
      return notes;
    },
    post: (provider = "notes") => postTool(vault, provider),
    contexts: async () => (await testVault.calls()).map(({ context }) => context),
  };
}
