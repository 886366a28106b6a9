import type { Socket } from "node:net";
import { callTexts } from "./load/call-text.ts";
import type { CallPlan } from "./load/call-plan.ts";
import { openSockets, runClosedLoop, type LoadResult, type Timing } from "./load/closed-loop.ts";
import { serveParent } from "./processes/parent.ts";

/** The load generator, as a process of its own: it opens connections, runs a window on them, and closes them. */
let sockets: Socket[] = [];
let nextCall: () => string = notOpen;

serveParent(
  {},
  {
    async open({ port, connections, call }: { port: number; connections: number; call: CallPlan }): Promise<void> {
      nextCall = callTexts(call, `127.0.0.1:${port}`, () => Date.now());
      sockets = await openSockets(port, connections);
    },
    run: (timing: Timing): Promise<LoadResult> => runClosedLoop(sockets, nextCall, timing),
    close(): void {
      for (const socket of sockets) socket.destroy();
      sockets = [];
      nextCall = notOpen;
    },
  },
);

function notOpen(): never {
  throw new Error("nothing is open");
}
