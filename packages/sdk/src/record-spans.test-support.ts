import { trace, type Attributes } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

/** All spans of the process from now on, whoever makes them. */
export interface RecordedSpans {
  /** Those that have ended, with all that they say. */
  finished(): { readonly name: string; readonly attributes: Attributes; readonly events: readonly unknown[] }[];
  stop(): void;
}

export function recordSpans(): RecordedSpans {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  return {
    finished: () =>
      spans.getFinishedSpans().map(({ name, attributes, events, status, resource }) => ({
        name,
        attributes,
        events: [...events, status, resource.attributes],
      })),
    stop: () => trace.disable(),
  };
}
