import { AlterVault } from "@alter-vault/sdk";
import {
  FAKE_API_KEY,
  sendProvider,
  startFakeVault,
  type FakeVault,
  type Handler,
} from "@alter-vault/sdk/fake-vault.test-support";
import { AIMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import * as z from "zod";
import { vaultTool, type VaultTool, type VaultToolFields } from "./index.ts";

export type RepoSchema = z.ZodObject<{ repo: z.ZodString }>;
const schema: RepoSchema = z.object({ repo: z.string() });

type RepoToolFields = Extract<VaultToolFields<RepoSchema, unknown>, { execute?: undefined }>;

/** One tool, against a fake vault that is there for all tests of a file. */
export interface Bench {
  readonly fake: FakeVault;
  readonly vault: AlterVault;
  /** The tool; what is given replaces what it has. */
  tool(options?: Partial<RepoToolFields>): VaultTool<RepoSchema, unknown>;
  /** What the vault was told of each call. */
  contexts(): Record<string, string>[];
  runIds(): (string | undefined)[];
}

/** Registers the hooks of a test file. */
export function startBench(): Bench {
  let fake: FakeVault | undefined;
  let vault: AlterVault | undefined;
  beforeAll(async () => {
    fake = await startFakeVault();
  });
  afterAll(() => fake?.close());
  beforeEach(() => {
    bench.fake.seen.length = 0;
    bench.fake.answer(json({ full_name: "fake/repo" }));
    vault = new AlterVault({ apiKey: FAKE_API_KEY, baseUrl: bench.fake.url, caller: "test-agent" });
  });
  afterEach(() => vault?.close());
  const bench: Bench = {
    get fake() {
      return there(fake);
    },
    get vault() {
      return there(vault);
    },
    tool: (options) =>
      vaultTool({
        vault: bench.vault,
        provider: "github",
        name: "get_repo",
        description: "Gets a repository.",
        schema,
        request: ({ repo }) => ({
          method: "GET",
          url: "https://api.example/repos/{repo}",
          pathParams: { repo },
          headers: { accept: "application/json" },
          reason: "the user asked",
        }),
        ...options,
      }),
    contexts: () => bench.fake.seen.map(({ envelope }) => envelope.context),
    runIds: () => bench.contexts().map((context) => context["run_id"]),
  };
  return bench;
}

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("only inside of a test");
  return value;
}

/** A provider that answers with a JSON value. */
export const json =
  (value: unknown): Handler =>
  (_, response) =>
    sendProvider(response, 200, { "content-type": "application/json; charset=utf-8" }, JSON.stringify(value));

export interface RepoCall {
  readonly name: string;
  readonly args: { readonly repo: string };
  readonly id: string;
  readonly type: "tool_call";
}

export const call = (id: string): RepoCall => ({ name: "get_repo", args: { repo: "fake" }, id, type: "tool_call" });

export const asks = (...ids: string[]): AIMessage =>
  new AIMessage({ content: "", tool_calls: ids.map((id) => call(id)) });

/** A model that calls the tool, once for each id, in each of the turns, and then is done. */
export function scripted(...turns: string[][]): ReturnType<typeof fakeModel> {
  const model = fakeModel();
  for (const ids of turns) model.respond(asks(...ids));
  return model.respond(new AIMessage("done"));
}

export const messages: { role: "user"; content: string }[] = [{ role: "user", content: "go" }];
