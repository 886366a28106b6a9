import { startNode } from "../processes/child.ts";
import { cpuOfProcess } from "../processes/cpu.ts";
import { hasNginx, startNginxUpstream } from "./nginx.ts";
import { UPSTREAM_PATH, UPSTREAM_TOKEN, type System } from "./system.ts";

/** Whom everybody calls in the end. It shares its core with the load generator, so it is nginx where nginx is installed. */
export interface Upstream {
  readonly port: number;
  readonly kind: "nginx" | "node";
  readonly cpu: () => Promise<number | null>;
}

export async function startUpstream(dir: string): Promise<Upstream> {
  if (hasNginx()) {
    const { port, pid } = await startNginxUpstream(dir);
    return { port, kind: "nginx", cpu: async () => cpuOfProcess(pid) };
  }
  const child = await startNode<{ port: number }>("load", "upstream-process.ts");
  return { port: child.ready.port, kind: "node", cpu: child.cpu };
}

/** The load generator at the upstream, with nothing in between: the floor for latency, the ceiling for throughput. */
export function directSystem({ port }: Upstream): System {
  return {
    name: "direct",
    title: "direct, no proxy",
    port,
    call: { kind: "plain", path: UPSTREAM_PATH, authorization: `Bearer ${UPSTREAM_TOKEN}` },
    cpu: async () => null,
  };
}
