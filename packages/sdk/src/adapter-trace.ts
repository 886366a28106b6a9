/**
 * Traces. Where the program has `@opentelemetry/api`, a tool call is a span by the GenAI conventions. The vault is told
 * the trace as part of the context, so that an entry of the audit log leads to its trace; a provider never is. Arguments
 * and results of tools are in no span.
 */
import type * as api from "@opentelemetry/api";
import { AlterSDKError } from "./alter-sdk-error.ts";

type OpenTelemetry = typeof api;

let loading: Promise<OpenTelemetry | undefined> | undefined;

/** Loaded once, when the first tool is called. Without the package there are no spans. */
function openTelemetry(): Promise<OpenTelemetry | undefined> {
  loading ??= import("@opentelemetry/api").catch(() => undefined);
  return loading;
}

export interface TracedTool {
  readonly tool: string | undefined;
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly toolCallId: string | undefined;
}

/** Runs `body` in a span of the tool call and hands it the `traceparent` of that span, where there is a trace. */
export async function traceTool<Result>(
  traced: TracedTool,
  body: (traceparent: string | undefined) => Promise<Result>,
): Promise<Result> {
  const otel = await openTelemetry();
  if (otel === undefined) return body(undefined);
  const outer = otel.trace.getActiveSpan();
  // The framework's own span of this very tool call, such as that of the AI SDK: one is enough.
  if (outer !== undefined && isToolSpan(outer)) return body(traceparentOf(otel, outer));
  const name = traced.tool === undefined ? "execute_tool" : `execute_tool ${traced.tool}`;
  const options = { kind: otel.SpanKind.INTERNAL, attributes: attributesOf(traced) };
  return otel.trace.getTracer("@alter-vault/sdk").startActiveSpan(name, options, async (span) => {
    try {
      return await body(traceparentOf(otel, span));
    } catch (error) {
      const type = error instanceof AlterSDKError ? error.code : error instanceof Error ? error.name : "_OTHER";
      span.setAttribute("error.type", type);
      span.setStatus({ code: otel.SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

function attributesOf({ tool, runId, threadId, toolCallId }: TracedTool): api.Attributes {
  return {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.type": "function",
    ...(tool === undefined ? {} : { "gen_ai.tool.name": tool }),
    ...(toolCallId === undefined ? {} : { "gen_ai.tool.call.id": toolCallId }),
    ...(threadId === undefined ? {} : { "gen_ai.conversation.id": threadId }),
    // There is no attribute for it in the conventions.
    ...(runId === undefined ? {} : { "alter_vault.run.id": runId }),
  };
}

function isToolSpan(span: api.Span): boolean {
  const name: unknown = Reflect.get(span, "name");
  return typeof name === "string" && name.startsWith("execute_tool");
}

/** W3C Trace Context, version 00. */
function traceparentOf(otel: OpenTelemetry, span: api.Span): string | undefined {
  const context = span.spanContext();
  if (!otel.isSpanContextValid(context)) return undefined;
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, "0")}`;
}
