import { startNode } from "../processes/child.ts";
import { UPSTREAM_PATH, type System } from "./system.ts";

/** The bare Node proxy of injector-process.ts. */
export async function startInjector(upstreamPort: number): Promise<System> {
  const child = await startNode<{ port: number }>("system", "injector-process.ts", [String(upstreamPort)]);
  return {
    name: "injector",
    title: "bare Node, adds a header",
    port: child.ready.port,
    call: { kind: "plain", path: UPSTREAM_PATH },
    cpu: child.cpu,
  };
}
