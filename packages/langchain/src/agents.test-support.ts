import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { tool, type StructuredToolInterface } from "@langchain/core/tools";
import { Command, entrypoint, MemorySaver, MessagesAnnotation, START, StateGraph, task } from "@langchain/langgraph";
import { createReactAgent, ToolNode } from "@langchain/langgraph/prebuilt";
import { createAgent } from "langchain";
import * as z from "zod";

export interface Call {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly id: string;
}

interface Answer {
  readonly messages?: readonly BaseMessage[];
  readonly __interrupt__?: readonly { readonly id?: string; readonly value?: unknown }[];
}

/** A graph of any kind, behind one form. */
export interface Graph {
  invoke(input: unknown, config?: object): Promise<Answer>;
}

export interface Made {
  readonly graph: Graph;
  readonly checkpointer: MemorySaver;
  /** What a run begins with. */
  readonly input: unknown;
}

export type Make = (
  tools: StructuredToolInterface[],
  turns: readonly (readonly Call[])[],
  options?: { checkpointer?: false },
) => Made;

const user = { messages: [{ role: "user", content: "go" }] };
export const asks = (calls: readonly Call[]): AIMessage =>
  new AIMessage({ content: "", tool_calls: calls.map((call) => ({ ...call, type: "tool_call" as const })) });

function scripted(turns: readonly (readonly Call[])[]): ReturnType<typeof fakeModel> {
  const model = fakeModel();
  for (const calls of turns) model.respond(asks(calls));
  return model.respond(new AIMessage("done"));
}

const saver = (given: { checkpointer?: false } | undefined): { checkpointer?: MemorySaver } =>
  given?.checkpointer === false ? {} : { checkpointer: new MemorySaver() };

function made(graph: unknown, { checkpointer }: { checkpointer?: MemorySaver }, input: unknown = user): Made {
  return { graph: graph as Graph, checkpointer: checkpointer ?? new MemorySaver(), input };
}

const called = (tools: readonly StructuredToolInterface[], { name }: Call) => tools.find((one) => one.name === name);

const toolGraph = (tools: StructuredToolInterface[]) =>
  new StateGraph(MessagesAnnotation).addNode("tools", new ToolNode(tools)).addEdge(START, "tools");

export const AGENTS: Readonly<Record<string, Make>> = {
  createAgent(tools, turns, options) {
    const saved = saver(options);
    return made(createAgent({ model: scripted(turns), tools, ...saved }), saved);
  },
  "createReactAgent v1"(tools, turns, options) {
    const saved = saver(options);
    const more = saved.checkpointer === undefined ? {} : { checkpointSaver: saved.checkpointer };
    return made(createReactAgent({ llm: scripted(turns), tools, version: "v1", ...more }), saved);
  },
  "createReactAgent v2"(tools, turns, options) {
    const saved = saver(options);
    const more = saved.checkpointer === undefined ? {} : { checkpointSaver: saved.checkpointer };
    return made(createReactAgent({ llm: scripted(turns), tools, version: "v2", ...more }), saved);
  },
  "a ToolNode in a StateGraph"(tools, [calls = []], options) {
    const saved = saver(options);
    return made(toolGraph(tools).compile(saved), saved, { messages: [asks(calls)] });
  },
  "a nested subgraph"(tools, [calls = []], options) {
    const saved = saver(options);
    const outer = new StateGraph(MessagesAnnotation).addNode("sub", toolGraph(tools).compile()).addEdge(START, "sub");
    return made(outer.compile(saved), saved, { messages: [asks(calls)] });
  },
  "a node that calls the tool itself"(tools, [calls = []], options) {
    const saved = saver(options);
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("own", async (_state, config) => {
        const messages = [];
        for (const call of calls)
          messages.push(await called(tools, call)?.invoke({ ...call, type: "tool_call" }, config));
        return { messages: messages as BaseMessage[] };
      })
      .addEdge(START, "own");
    return made(graph.compile(saved), saved, { messages: [] });
  },
  "the functional API"(tools, [calls = []], options) {
    const saved = saver(options);
    const run = task(
      "run",
      async (call: Call) => called(tools, call)?.invoke({ ...call, type: "tool_call" }) as Promise<BaseMessage>,
    );
    const flow = entrypoint({ name: "flow", ...saved }, async () => ({
      messages: await Promise.all(calls.map((call) => run(call))),
    }));
    return made(flow, saved, "go");
  },
};

/** An agent whose tool runs another agent, which has the tools. */
export const agentAsTool: Make = (tools, turns, options) => {
  const saved = saver(options);
  const inner = createAgent({ model: scripted(turns), tools });
  const ask = tool(
    async () => {
      await inner.invoke(user as never);
      return "asked";
    },
    { name: "ask", description: "Asks another agent.", schema: z.object({}) },
  );
  const model = scripted([[{ name: "ask", args: {}, id: "outer" }]]);
  return made(createAgent({ model, tools: [ask, ...tools], ...saved }), saved);
};

/** Resumes until nothing is asked any more. Gives how often that was. */
export async function resumeAll({ graph }: Made, first: Answer, config: object, answer: unknown): Promise<Answer> {
  let now = first;
  for (let times = 0; now.__interrupt__ !== undefined && now.__interrupt__.length > 0; times++) {
    if (times > 8) throw new Error("the graph does not come to an end");
    const ids = now.__interrupt__.flatMap(({ id }) => id ?? []);
    const resume = ids.length > 1 ? Object.fromEntries(ids.map((id) => [id, answer])) : answer;
    now = await graph.invoke(new Command({ resume }), config);
  }
  return now;
}
