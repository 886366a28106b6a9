import * as ai7 from "ai";
import * as ai5 from "ai-v5";
import { MockLanguageModelV2 } from "ai-v5/test";
import * as ai6 from "ai-v6";
import { MockLanguageModelV3 } from "ai-v6/test";
import { MockLanguageModelV4 } from "ai/test";

/** What a scripted model does next: call tools, or say something. */
type Turn = readonly { readonly id: string; readonly name: string; readonly input: object }[] | string;

interface Generated {
  readonly toolResults: readonly { readonly output: unknown }[];
  readonly content: readonly { readonly type: string; readonly error?: unknown }[];
}

interface Outcome {
  readonly steps: readonly Generated[];
  /** What the model was shown of the tools' outputs. */
  readonly shown: readonly unknown[];
  /** What a chat's history has more afterwards. */
  readonly added: readonly unknown[];
}

/** One version of the AI SDK, with its own mock model, behind one form. */
export interface AiVersion {
  readonly major: number;
  /** Runs `generateText` to its end. */
  readonly generate: (turns: readonly Turn[], tools: object, options?: object) => Promise<Outcome>;
  /** What `generateText` and `streamText` are given, tools excepted. */
  readonly options: (turns: readonly Turn[]) => object;
  /** The same with `streamText`. */
  readonly stream: (turns: readonly Turn[], tools: object, options?: object) => Promise<void>;
  /** The same with the agent class of the SDK. */
  readonly agent: (turns: readonly Turn[], tools: object, options?: object) => Promise<void>;
  /** `streamText` as a browser gets it, part by part. */
  readonly ui: (turns: readonly Turn[], tools: object, options?: object) => AsyncIterable<UiPart>;
}

type UiPart = Readonly<Record<string, unknown>>;

interface Sdk {
  readonly ToolLoopAgent?: AgentClass;
  readonly Experimental_Agent?: AgentClass;
  readonly generateText: (options: object) => Promise<{
    readonly steps: unknown;
    /** Version 7. */
    readonly responseMessages?: readonly unknown[];
    readonly response: { readonly messages: readonly unknown[] };
  }>;
  readonly streamText: (options: object) => {
    consumeStream(): PromiseLike<void>;
    toUIMessageStream(): AsyncIterable<UiPart>;
  };
}

type AgentClass = new (settings: object) => { generate(call: object): Promise<unknown> };
type MockClass = new (options: never) => { readonly doGenerateCalls: { readonly prompt: readonly PromptMessage[] }[] };
interface PromptMessage {
  readonly role: string;
  readonly content: unknown;
}

const versionOf = (major: number, sdk: unknown, Mock: unknown, stopAfter: (steps: number) => unknown): AiVersion => {
  const { generateText, streamText, ToolLoopAgent, Experimental_Agent } = sdk as Sdk;
  const create = (turns: readonly Turn[]) => new (Mock as MockClass)(script(major, turns) as never);
  const common = { prompt: "go", stopWhen: stopAfter(5), maxRetries: 0 };
  return {
    major,
    options: (turns) => ({ ...common, model: create(turns) }),
    async generate(turns, tools, options = {}) {
      const model = create(turns);
      const result = await generateText({ ...common, model, tools, ...options });
      const prompt = model.doGenerateCalls.at(-1)?.prompt ?? [];
      const parts = prompt
        .filter(({ role }) => role === "tool")
        .flatMap(({ content }) => content as { output: unknown }[]);
      return {
        steps: result.steps as Generated[],
        shown: parts.map(({ output }) => output),
        added: result.responseMessages ?? result.response.messages,
      };
    },
    async stream(turns, tools, options = {}) {
      await streamText({ ...common, model: create(turns), tools, ...options }).consumeStream();
    },
    async agent(turns, tools, options = {}) {
      const Agent = ToolLoopAgent ?? Experimental_Agent;
      if (Agent === undefined) throw new Error("this version has no agent");
      const { prompt, ...settings } = common;
      await new Agent({ ...settings, model: create(turns), tools, ...options }).generate({ prompt });
    },
    ui: (turns, tools, options = {}) =>
      streamText({ ...common, model: create(turns), tools, ...options }).toUIMessageStream(),
  };
};

export const AI_VERSIONS: readonly AiVersion[] = [
  versionOf(5, ai5, MockLanguageModelV2, ai5.stepCountIs),
  versionOf(6, ai6, MockLanguageModelV3, ai6.stepCountIs),
  versionOf(7, ai7, MockLanguageModelV4, ai7.isStepCount),
];

function script(major: number, turns: readonly Turn[]): object {
  const rest = [...turns];
  const usage =
    major === 5
      ? { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
      : { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const next = () => {
    const turn = rest.shift() ?? "done";
    const unified = typeof turn === "string" ? "stop" : "tool-calls";
    const calls = typeof turn === "string" ? [] : turn;
    return {
      text: typeof turn === "string" ? turn : undefined,
      calls: calls.map(({ id, name, input }) => ({
        type: "tool-call",
        toolCallId: id,
        toolName: name,
        input: JSON.stringify(input),
      })),
      finishReason: major === 5 ? unified : { unified, raw: unified },
    };
  };
  return {
    doGenerate: async () => {
      const { text, calls, finishReason } = next();
      return { content: text === undefined ? calls : [{ type: "text", text }], finishReason, usage, warnings: [] };
    },
    doStream: async () => {
      const { text, calls, finishReason } = next();
      const said = [
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: text },
        { type: "text-end", id: "1" },
      ];
      const parts = [
        { type: "stream-start", warnings: [] },
        ...(text === undefined ? calls : said),
        { type: "finish", finishReason, usage },
      ];
      return { stream: ReadableStream.from(parts) };
    },
  };
}
