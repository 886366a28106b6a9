import { fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Processes, ToPrimary, ToWorker } from "./worker-messages.ts";

/** Workers as child processes of this one, with a channel of messages between. Both ends are this very program. */
export function forkedProcesses(program: string): Processes {
  return {
    fork(args) {
      // The streams are inherited, so that the lines of all come as one.
      const child = fork(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      // Of a worker that is gone the exit tells.
      child.on("error", () => undefined);
      return {
        send(message, connection) {
          if (child.connected) child.send(message, connection, { keepOpen: true }, () => undefined);
        },
        onMessage: (listener) => void child.on("message", (message) => listener(message as ToPrimary)),
        onExit: (listener) => void child.once("exit", listener),
        kill: () => void child.kill("SIGKILL"),
      };
    },
    linkToPrimary: () => ({
      send(message) {
        if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
      },
      onMessage(listener) {
        process.on("message", (message, connection) => listener(message as ToWorker, connection as Socket | undefined));
      },
      onGone: (listener) => void process.once("disconnect", listener),
      leave() {
        if (process.connected) process.disconnect?.();
      },
    }),
  };
}
