import type { Socket } from "node:net";
import type { ConnectionSource } from "../http/listen.ts";
import type { MetricFamily } from "../metrics.ts";
import type { PrimaryLink } from "./worker-messages.ts";

/** What a worker knows of the processes it runs beside. */
export interface WorkerPlace {
  readonly number: number;
  /** What processes were called that are known to have ended. */
  readonly ended: readonly string[];
  readonly connections: ConnectionSource;
  /** Of every worker that answers, this one with them. */
  readMetricsOfAll(): Promise<readonly MetricFamily[]>;
  /** Answers the others' question. */
  offerMetrics(read: () => Promise<readonly MetricFamily[]>): void;
  /** It takes calls, and is called that where it holds something. */
  ready(processName: string): void;
  /** Resolves when the primary says so, or is gone. */
  readonly stopped: Promise<void>;
}

/** Says hello to the primary, and resolves when it says who this worker is. */
export function takePlace(primary: PrimaryLink): Promise<WorkerPlace> {
  const waiting = new Map<number, (families: readonly MetricFamily[]) => void>();
  let lastId = 0;
  let read: () => Promise<readonly MetricFamily[]> = async () => [];
  let take = (connection: Socket): void => void connection.destroy();
  const stop = Promise.withResolvers<void>();
  primary.onGone(stop.resolve);
  return new Promise((resolve) => {
    primary.onMessage((message, connection) => {
      switch (message.type) {
        case "start":
          return resolve({
            number: message.worker,
            ended: message.ended,
            connections: {
              url: message.url,
              onConnection(listener) {
                take = listener;
              },
              close: () => primary.send({ type: "closing" }),
            },
            readMetricsOfAll: () =>
              new Promise((answer) => {
                waiting.set(++lastId, answer);
                primary.send({ type: "ask_metrics", id: lastId });
              }),
            offerMetrics(reader) {
              read = reader;
            },
            ready: (processName) => primary.send({ type: "ready", processName }),
            stopped: stop.promise,
          });
        case "connection":
          primary.send({ type: "taken", id: message.id });
          return connection && take(connection);
        case "stop":
          return stop.resolve();
        case "read_metrics":
          return void read().then((families) => primary.send({ type: "metrics", id: message.id, families }));
        case "metrics_of_all":
          waiting.get(message.id)?.(message.families);
          waiting.delete(message.id);
      }
    });
    primary.send({ type: "hello" });
  });
}
