/** The child's side of processes/child.ts: what a process of the benchmark answers to the one that started it. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly ask: string;
  readonly argument: never;
}

/**
 * Says that this process is ready and answers questions from then on: the given ones, and `cpu`, the time used so far in
 * microseconds. It ends, after `stop`, with SIGTERM or together with its parent. Started by hand it prints what it would
 * have said and runs until it is interrupted.
 */
export function serveParent(ready: object, handlers: Handlers, stop: () => Promise<void> | void = () => {}): void {
  const all: Handlers = { cpu: ownCpu, ...handlers };
  process.on("message", ({ ask, argument }: Question) => {
    Promise.resolve()
      .then(() => all[ask]?.(argument))
      .then(
        (answer) => process.send?.({ answer }),
        (error: unknown) => process.send?.({ error: String(error) }),
      );
  });
  let stopping = false;
  const end = (): void => {
    if (stopping) return;
    stopping = true;
    void Promise.resolve(stop()).finally(() => process.exit(0));
  };
  // Not once: whoever starts us may send the same signal to us and to all of our group.
  process.on("SIGTERM", end);
  if (process.send) {
    // A Ctrl-C reaches every process of the terminal; the parent decides what becomes of it.
    process.on("SIGINT", () => {});
    process.once("disconnect", end);
    process.send({ ready });
  } else {
    process.on("SIGINT", end);
    console.log(JSON.stringify(ready));
  }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
