import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from "prom-client";

/**
 * What Prometheus can ask for. Labels are codes, modes and the number of the worker: there are a fixed number of them, and
 * none holds anything of a call. Those of workers are told apart and not added up, because the counters of one begin anew
 * when it is started again, which a sum would hide.
 */
export interface Metrics {
  readonly contentType: string;
  /** Of all workers, where this is one. */
  text(): Promise<string>;
  called(mode: "proxy" | "retrieve" | "preview" | "admin", code: string, seconds: number): void;
  committed(rows: number): void;
  commitFailed(): void;
  inFlight(change: 1 | -1): void;
}

/** A metric with its values, as it goes from one process to another. */
export type MetricFamily = MetricObjectWithValues<MetricValue<string>>;

/** Where the metrics of the other workers come from, and go to. */
export interface MetricsOfWorkers {
  readonly number: number;
  readMetricsOfAll(): Promise<readonly MetricFamily[]>;
  offerMetrics(read: () => Promise<readonly MetricFamily[]>): void;
}

interface CallMetrics {
  readonly calls: Counter.Internal;
  readonly seconds: Histogram.Internal<"mode">;
}

export function createMetrics(worker: MetricsOfWorkers | null): Metrics {
  const registry = new Registry();
  if (worker) {
    registry.setDefaultLabels({ worker: String(worker.number) });
    worker.offerMetrics(() => registry.getMetricsAsJSON());
  }
  collectDefaultMetrics({ register: registry, prefix: "alter_vault_" });
  const calls = new Counter({
    name: "alter_vault_calls_total",
    help: "Calls by mode and by how they ended: the error code, or ok",
    labelNames: ["mode", "code"],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: "alter_vault_call_seconds",
    help: "Duration of calls, the provider's time included",
    labelNames: ["mode"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
  const batch = new Histogram({
    name: "alter_vault_audit_commit_rows",
    help: "Rows of the audit log that shared one commit",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers: [registry],
  });
  const failures = new Counter({
    name: "alter_vault_audit_commit_failures_total",
    help: "Commits of the audit log that failed",
    registers: [registry],
  });
  let flying = 0;
  new Gauge({
    name: "alter_vault_calls_in_flight",
    help: "Calls in flight",
    registers: [registry],
    collect() {
      this.set(flying);
    },
  });
  // To look up a metric by its labels costs more than to count. There are as many as there are modes and codes.
  const known = new Map<string, CallMetrics>();
  const metricsOf = (mode: string, code: string): CallMetrics => {
    const name = `${mode} ${code}`;
    let found = known.get(name);
    if (!found) {
      found = { calls: calls.labels({ mode, code }), seconds: seconds.labels({ mode }) };
      known.set(name, found);
    }
    return found;
  };
  return {
    contentType: registry.contentType,
    text: async () => (worker ? textOf(await worker.readMetricsOfAll()) : registry.metrics()),
    called(mode, code, took) {
      const found = metricsOf(mode, code);
      found.calls.inc();
      found.seconds.observe(took);
    },
    committed: (rows) => batch.observe(rows),
    commitFailed: () => failures.inc(),
    inFlight(change) {
      flying += change;
    },
  };
}

/** Every value has the number of its worker, so there is nothing to add up. */
function textOf(families: readonly MetricFamily[]): Promise<string> {
  return AggregatorRegistry.aggregate([families.map((family) => ({ ...family, aggregator: "sum" }))]).metrics();
}
