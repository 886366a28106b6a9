import { createServer, type Socket } from "node:net";
import { listenOn, type Address } from "../http/listen.ts";
import type { WorkerProcess } from "./worker-messages.ts";

/**
 * Takes the connections of the port and deals them out to the workers in turns, so that a few that are kept open spread
 * evenly. What comes while no worker is ready waits here, and the port stays open while workers come and go. A connection
 * is this process's until the worker has said that it has it: when that worker ends before, the caller's connection ends
 * at once, where it would otherwise wait for nobody.
 *
 * Nothing of what is sent over a connection is read here. (node:cluster forgets connections that a worker did not take
 * before it ended. With SO_REUSEPORT the kernel draws lots, and what waits for a worker is lost with it.)
 */
export interface Dealer {
  readonly url: string;
  add(worker: WorkerProcess): void;
  /** Gets no more. With `isGone`, what it has not taken ends. */
  remove(worker: WorkerProcess, isGone: boolean): void;
  taken(worker: WorkerProcess, id: number): void;
  close(): void;
}

const MOST_WAITING = 1_000;

export async function dealConnections(address: Address): Promise<Dealer> {
  const ready: WorkerProcess[] = [];
  const waiting: Socket[] = [];
  const dealt = new Map<WorkerProcess, Map<number, Socket>>();
  let lastId = 0;

  function deal(connection: Socket): void {
    const worker = ready.shift();
    if (!worker) {
      if (waiting.length < MOST_WAITING) waiting.push(connection);
      else connection.destroy();
      return;
    }
    ready.push(worker);
    dealt.get(worker)?.set(++lastId, connection);
    worker.send({ type: "connection", id: lastId }, connection);
  }

  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (connection) => {
    connection.on("error", () => connection.destroy());
    deal(connection);
  });
  const url = await listenOn(server, address);
  return {
    url,
    add(worker) {
      ready.push(worker);
      dealt.set(worker, new Map());
      for (const connection of waiting.splice(0)) deal(connection);
    },
    remove(worker, isGone) {
      const at = ready.indexOf(worker);
      if (at !== -1) ready.splice(at, 1);
      if (!isGone) return;
      for (const connection of dealt.get(worker)?.values() ?? []) connection.destroy();
      dealt.delete(worker);
    },
    taken(worker, id) {
      // Only this process's hold on it ends.
      dealt.get(worker)?.get(id)?.destroy();
      dealt.get(worker)?.delete(id);
    },
    close() {
      server.close();
      for (const connection of waiting.splice(0)) connection.destroy();
    },
  };
}
